"""Public data sets that some benchmarks read and that are not shipped.

DATA is the folder that BENCHMARK_DATA names, else `var/data` in the project's folder. It may hold:

kcs/           Customs Import Declaration Datasets (Korea Customs Service and IBS, 2022): train.csv.gz and
               valid.csv.gz
cn_sampling/   results of Chinese market sampling: until_2022_03.csv.gz
reviews/       Chinese product reviews, praise or complaint: reviews.csv.gz
goods_titles/  Chinese goods titles with their commodity codes: goods_titles.csv.gz
rasff/         European food and feed notices: rasff_2020_2023.csv.gz

A benchmark whose set is missing says so in its section.
"""

from __future__ import annotations

import os
from pathlib import Path

DATA = Path(os.environ.get("BENCHMARK_DATA") or Path(__file__).parents[1] / "var" / "data")
