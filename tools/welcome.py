"""What the demo prints when the server is ready: its address, its token, and three lines to try."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import pyarrow.parquet as pq

from features.instants import show_instant

NEWEST_ID = 'import json, sys; print(json.load(sys.stdin)["scores"][0]["id"])'
INSTANTS = ("happened_at", "produced_at")


def newest_line(declarations: Path) -> dict[str, object]:
    """Take the simulated port's last declaration line as a fresh one: a new id, and only what is stated."""
    table = pq.ParquetFile(declarations)
    last = table.read_row_group(table.num_row_groups - 1)
    row = last.slice(last.num_rows - 1).to_pylist()[0]
    line = {name: value for name, value in row.items() if value is not None and name != "known_at"}
    for name in INSTANTS:
        if isinstance(line.get(name), int):
            line[name] = show_instant(line[name])
    return line | {"id": f"{line['id']}-demo", "status": "declared"}


def main() -> None:
    """Write the demo's line beside the token and print how to use both."""
    address, declarations, tokens = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    token = json.loads(tokens.read_text(encoding="utf-8"))["token"]
    line = tokens.parent / "line.json"
    line.write_text(json.dumps(newest_line(declarations), ensure_ascii=False, indent=1), encoding="utf-8")
    send = f"curl -s -H 'Authorization: Bearer {token}' -H 'Content-Type: application/json'"
    newest = f"{send} '{address}/v1/scores?limit=1' | python3 -c {shlex.quote(NEWEST_ID)}"
    print(
        f"""
customs-risk serves on {address}     API pages 接口文档：{address}/docs
Token 令牌：{token}

Score a declaration and read why  评分并查看原因：
  {send} -H 'Accept-Language: zh-CN' {address}/v1/scores -d @{line} | python3 -m json.tool --no-ensure-ascii
See the latest scores  查看最近评分：
  {send} '{address}/v1/scores?limit=3' | python3 -m json.tool --no-ensure-ascii
Save the newest score as a page to print  将最近一次评分存为可打印的页面：
  {send} -H 'Accept-Language: zh-CN' -o score.html "{address}/v1/scores/$({newest})/evidence.html"

Stop with Ctrl-C; `make demo` again starts at once.  按 Ctrl-C 停止。"""
    )


if __name__ == "__main__":
    main()
