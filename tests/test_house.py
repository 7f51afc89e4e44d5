"""The house's own rules: which way imports point, and that every pin says the same."""

import ast
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

ROOT = Path(__file__).parents[1]
ROOMS = {
    "najva": ROOT / "space" / "najva",
    "tabs": ROOT / "space" / "tabs",
    "training": ROOT / "training",
}
# Who may import whom of the project; everything points towards najva.
ALLOWED = {"najva": {"najva"}, "tabs": {"najva", "tabs"}, "training": {"najva", "training"}}
# Of the Hub's documentation of ZeroGPU, August 2026.
ZERO_GPU_PYTHON, ZERO_GPU_TORCH = ("3.12.12", "3.10.13"), ("2.8.0", "2.9.1", "2.10.0", "2.11.0")
TRAINING_MODULES = {path.stem for path in ROOMS["training"].glob("*.py")}


def _modules() -> list:
    return [
        pytest.param(room, path, id=str(path.relative_to(ROOT)))
        for room, folder in ROOMS.items()
        for path in sorted(folder.rglob("*.py"))
    ]


def _imported(path: Path) -> set[str]:
    """Top-level names of every import, those inside functions too."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize(("room", "path"), _modules())
def test_imports_point_one_way(room: str, path: Path) -> None:
    imported = _imported(path)
    of_project = {name for name in imported if name in ("najva", "tabs", "app", "tests", "training")}
    of_project |= {"training" for name in imported if name in TRAINING_MODULES}
    assert of_project <= ALLOWED[room]
    if room == "najva":
        assert "gradio" not in imported
        assert "gradio_client" not in imported


def _pins(path: Path) -> dict[str, Requirement]:
    lines = [line.split("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines()]
    requirements = [Requirement(line) for line in lines if line and not line.startswith("-")]
    return {requirement.name: requirement for requirement in requirements}


def _version(requirement: Requirement) -> str:
    (specifier,) = requirement.specifier
    assert specifier.operator == "==", f"{requirement} is not pinned"
    return specifier.version


def test_the_root_installs_what_the_space_installs() -> None:
    assert "-r space/requirements.txt" in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    space, root = _pins(ROOT / "space" / "requirements.txt"), _pins(ROOT / "requirements.txt")
    # The one exception: a ZeroGPU Space has builds of torch of its own. No second one is to come here, nor anywhere one
    # that is newer than what the tests run with.
    allowed, tested = space.pop("torch").specifier, Version(_version(root.pop("torch")))
    assert all(allowed.contains(version) for version in (*ZERO_GPU_TORCH, tested))
    assert not allowed.contains(Version(f"{tested.major}.{tested.minor + 1}.0"))
    assert not space.keys() & root.keys()


@pytest.mark.parametrize(
    "name",
    ["requirements.txt", "space/requirements.txt", "tests/requirements.txt", "tests/benchmarks/requirements.txt"],
)
def test_everything_is_pinned(name: str) -> None:
    for requirement in _pins(ROOT / name).values():
        if (name, requirement.name) != ("space/requirements.txt", "torch"):
            _version(requirement)


def _card() -> dict:
    return yaml.safe_load((ROOT / "space" / "README.md").read_text(encoding="utf-8").split("---")[1])


def test_the_card_names_the_gradio_that_is_installed() -> None:
    card, pins = _card(), _pins(ROOT / "space" / "requirements.txt")
    assert card["sdk"] == "gradio"
    assert card["sdk_version"] == _version(pins["gradio"])
    assert card["app_file"] == "app.py"
    assert (ROOT / "space" / card["app_file"]).is_file()
    assert card["license"] == "apache-2.0"


def test_the_card_asks_for_what_zero_gpu_has_and_the_app_takes() -> None:
    card, project = _card(), tomllib.loads((ROOT / "space" / "pyproject.toml").read_text("utf-8"))["project"]
    assert card["suggested_hardware"] == "zero-a10g"
    assert card["python_version"] in ZERO_GPU_PYTHON
    assert SpecifierSet(project["requires-python"]).contains(card["python_version"])


def test_top_level_holds_what_the_house_plans() -> None:
    found = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    planned = {"space", "training", "hub_cards", "tests", "requirements.txt", "README.md", "Makefile", "LICENSE"}
    made = {"artifacts", "runs", "data", "demo"}
    assert found - made <= planned
    assert planned - {"hub_cards"} <= found


def test_no_path_of_a_machine_stands_in_the_project() -> None:
    suspicious = re.compile(r"/(?:root|home/\w+|Users/\w+)/")
    for folder in (*ROOMS.values(), ROOT / "tests"):
        for path in folder.rglob("*.py"):
            if path != Path(__file__):
                assert not suspicious.search(path.read_text(encoding="utf-8")), path
