"""The house limits: small files, short functions, few parameters, no left-overs. `python -m tools.house`."""

from __future__ import annotations

import ast
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

PACKAGES = ("features/", "models/", "training/", "serving/", "customs_risk.py")
GENERATED = "/migrations/versions/"
FILE_MOST, FILE_MEDIAN, FUNCTION_MOST, FUNCTION_MEDIAN, PARAMETERS_MOST = 300, 100, 40, 10, 6
LEFT_OVERS = ("TO" + "DO", "FIX" + "ME", "NotImplemented" + "Error")
FORBIDDEN_NAMES = {"utils.py", "helpers.py", "manager.py"}


def house_files() -> list[Path]:
    """List the product's Python files, as git knows them."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    files = [Path(name) for name in listed if name.startswith(PACKAGES) and GENERATED not in name]
    return [file for file in files if file.exists()]


def function_length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count the lines of a function, its docstring among them."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def parameter_count(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count a function's parameters; self and cls are none, and a command's options are its caller's."""
    decorators = [ast.unparse(decorator) for decorator in node.decorator_list]
    if any("click." in decorator or "option" in decorator for decorator in decorators):
        return 0
    every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    return len([argument for argument in every if argument.arg not in {"self", "cls"}])


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield every function of a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def swallows(tree: ast.AST) -> Iterator[int]:
    """Yield the lines at which everything is caught and nothing is done."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and all(isinstance(step, ast.Pass) for step in node.body):
            name = ast.unparse(node.type) if node.type else "BaseException"
            if name in {"Exception", "BaseException"}:
                yield node.lineno


def inspect_file(file: Path, lengths: list[int]) -> Iterator[str]:
    """Yield what a file does against the limits; the lengths of its functions go to `lengths`."""
    text = file.read_text(encoding="utf-8")
    if text.count("\n") > FILE_MOST:
        yield f"{file}: {text.count(chr(10))} lines, the limit is {FILE_MOST}: split the file"
    if file.name in FORBIDDEN_NAMES:
        yield f"{file}: a name that says nothing: name it after what it holds"
    tree = ast.parse(text)
    for node in functions(tree):
        length = function_length(node)
        lengths.append(length)
        if length > FUNCTION_MOST:
            yield f"{file}:{node.lineno}: {node.name} has {length} lines, the limit is {FUNCTION_MOST}"
        if parameter_count(node) > PARAMETERS_MOST:
            count = f"{parameter_count(node)} parameters, the limit is {PARAMETERS_MOST}"
            yield f"{file}:{node.lineno}: {node.name} has {count}"
    for position in swallows(tree):
        yield f"{file}:{position}: catches everything and does nothing"
    for number, line in enumerate(text.splitlines(), 1):
        if any(word in line for word in LEFT_OVERS):
            yield f"{file}:{number}: left over: {line.strip()[:60]}"


def main() -> int:
    """Print every breach and the medians; return 1 if there is one."""
    lengths: list[int] = []
    files = house_files()
    breaches = [breach for file in files for breach in inspect_file(file, lengths)]
    sizes = [file.read_text(encoding="utf-8").count("\n") for file in files]
    file_median, function_median = statistics.median(sizes), statistics.median(lengths)
    if file_median > FILE_MEDIAN:
        breaches.append(f"the median file has {file_median} lines, the limit is {FILE_MEDIAN}")
    if function_median > FUNCTION_MEDIAN:
        breaches.append(f"the median function has {function_median} lines, the limit is {FUNCTION_MEDIAN}")
    print("\n".join(breaches) or "house limits hold", end="\n")
    medians = (
        f"{file_median:.0f} lines in {len(files)} files, {function_median:.0f} in {len(lengths)} functions"
    )
    print(f"medians: {medians}")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
