"""How the package is built: floors, of which none knows those above it, no circles, no long files (tests included)."""

import ast

import pytest

from tests.helpers import PROJECT

PACKAGE = PROJECT / "idgan_tf"
# From the ground up. A file may import what stands on a lower floor, and on its own; docs/contributing.md names them.
FLOORS = (
    ("errors",),
    ("files", "progress", "replicas"),
    ("noise", "cache", "config", "image_files", "run_directory"),
    ("run_log", "dimension_names"),
    ("objectives",),
    ("networks",),
    ("data",),
    ("methods",),
    ("training",),
    ("pretrained",),
    ("runs",),
    ("evaluation",),
    ("visualize",),
    ("export", "explorer"),
    ("experiments",),
    ("studies",),
    ("reports",),
    ("commands",),
    ("__main__",),
)
FLOOR_OF = {name: number for number, floor in enumerate(FLOORS) for name in floor}
LARGEST = 300  # lines of a file
MOST = 12  # files of a folder of machinery
DOORS = ("__init__.py", "__main__.py")
CATALOGUES = ("methods", "networks", "data", "evaluation", "commands")  # one entry a file: as long as they get


def module_of(path):
    parts = path.relative_to(PROJECT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {module_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}
TESTS = {module_of(path): path for path in sorted((PROJECT / "tests").rglob("*.py"))}


def imports(path):
    """Modules of the package that a file imports by their whole names, within functions, too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in FILES else node.module for name in names]
        else:
            continue
        found.update(name for name in names if name in FILES)
    return found - {"idgan_tf"}


def relative_imports(text):
    """Lines of imports that begin with a dot, which `imports` does not see."""
    return [node.lineno for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom) and node.level]


ARROWS = {module: imports(path) for module, path in FILES.items()}


def room(module):
    """The file or folder of the package that a module is, or lies in."""
    return module.split(".")[1]


def test_every_room_stands_on_a_floor():
    assert {room(module) for module in FILES if module != "idgan_tf"} == set(FLOOR_OF)


def test_modules_are_imported_by_their_whole_names():
    assert relative_imports("import a\nfrom . import b\ndef c():\n    from ..d import e\n") == [2, 4], "it can fail"
    assert not {module: lines for module, path in FILES.items() if (lines := relative_imports(path.read_text()))}


@pytest.mark.parametrize("module", [module for module in FILES if module != "idgan_tf"])
def test_no_import_runs_upward(module):
    floor = FLOOR_OF[room(module)]
    upward = [name for name in ARROWS[module] if FLOOR_OF[room(name)] > floor]
    beside = [name for name in ARROWS[module] if FLOOR_OF[room(name)] == floor and room(name) != room(module)]
    assert not upward and not beside, f"{module} imports {', '.join([*upward, *beside])}"


def circles(arrows):
    """A circle of modules that import one another, or None."""
    done, path = set(), []

    def walk(module):
        if module in path:
            return path[path.index(module) :]
        if module in done:
            return None
        path.append(module)
        found = next(filter(None, map(walk, sorted(arrows[module]))), None)
        path.pop()
        done.add(module)
        return found

    return next(filter(None, map(walk, arrows)), None)


def test_no_imports_go_in_a_circle():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c"], "it can fail"
    assert circles(ARROWS) is None


def texts_of_this_system(text):
    """Lines that read or write a text in the encoding of whoever runs them, which is not UTF-8 everywhere."""
    given = {"read_text": 1, "write_text": 2}  # arguments, of which the last is the encoding
    return [
        call.lineno
        for call in ast.walk(ast.parse(text))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and len(call.args) < given.get(call.func.attr, 0)
        and not any(keyword.arg == "encoding" for keyword in call.keywords)
    ]


def test_texts_are_in_utf_8_on_every_system():
    assert texts_of_this_system("a.read_text()\na.write_text(x)\na.read_text('utf-8')") == [1, 2], "it can fail"
    found = {module: texts_of_this_system(path.read_text()) for module, path in FILES.items()}
    assert not {module: lines for module, lines in found.items() if lines}


def test_no_file_is_long():
    counts = {module: path.read_text().count("\n") for module, path in {**FILES, **TESTS}.items()}
    assert not {module: count for module, count in counts.items() if count > LARGEST}


def test_no_folder_of_machinery_is_full():
    folders = {path.parent for path in FILES.values()}
    full = {
        folder.name: count
        for folder in folders
        if folder.name not in CATALOGUES
        and (count := len([path for path in folder.glob("*.py") if path.name not in DOORS])) > MOST
    }
    assert not full


def test_the_documentation_names_the_floors_in_their_order():
    section = (PROJECT / "docs/contributing.md").read_text().split("## How it is built")[1].split("\n## ")[0]
    places = [section.find(f"`{name}`") for floor in FLOORS for name in floor if (PACKAGE / name).is_dir()]
    assert -1 not in places and places == sorted(places)
