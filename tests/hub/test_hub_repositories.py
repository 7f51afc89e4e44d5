"""Accounts, repositories, rights and pages of the loopback Hub, by the unmodified `huggingface_hub` client."""

from __future__ import annotations

import re
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import huggingface_hub
import pytest
from huggingface_hub import ModelCard, hf_hub_download
from huggingface_hub.errors import BadRequestError, HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError

from . import LoopbackHub

pytestmark = pytest.mark.hub

MODEL = "najva-tester/model"


def status(url: str) -> int:
    """Returns the HTTP status of a GET without a token."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def test_token_tells_name_and_role(hub: LoopbackHub) -> None:
    """The three tokens stand for two users and two roles; an unknown one for nobody."""
    roles = [hub.api(token).whoami() for token in (hub.token, hub.read_token, hub.stranger_token)]
    assert [(who["name"], who["auth"]["accessToken"]["role"]) for who in roles] == [
        ("najva-tester", "write"),
        ("najva-tester", "read"),
        ("stranger", "write"),
    ]
    with pytest.raises(HfHubHTTPError, match="Invalid user token"):
        hub.api("hf_wrong").whoami()


@pytest.mark.parametrize("kind", ["model", "dataset", "space"])
def test_repository_is_created_once_listed_and_deleted(hub: LoopbackHub, kind: str) -> None:
    """Creating twice is an error unless it is allowed; the kinds do not mix."""
    api = hub.api()
    sdk = "gradio" if kind == "space" else None
    made = api.create_repo("thing", repo_type=kind, space_sdk=sdk)
    assert (made.repo_id, made.repo_type) == ("najva-tester/thing", kind)
    with pytest.raises(HfHubHTTPError, match=f"You already created this {kind} repo") as refused:
        api.create_repo("thing", repo_type=kind, space_sdk=sdk)
    assert refused.value.response.status_code == 409
    assert api.create_repo("thing", repo_type=kind, space_sdk=sdk, exist_ok=True) == made
    counts = [len(list(api.list_models())), len(list(api.list_datasets())), len(list(api.list_spaces()))]
    assert counts == [int(kind == other) for other in ("model", "dataset", "space")]
    api.delete_repo("najva-tester/thing", repo_type=kind)
    assert not api.repo_exists("najva-tester/thing", repo_type=kind)
    with pytest.raises(RepositoryNotFoundError):
        api.delete_repo("najva-tester/thing", repo_type=kind)


def test_branches_and_tags_are_unique_and_removable(hub: LoopbackHub, pushed: str) -> None:
    """Making one twice is a conflict; a removed one is gone; the main branch stays."""
    api = hub.api()
    for make in (lambda: api.create_branch(MODEL, branch="b"), lambda: api.create_tag(MODEL, tag="t")):
        make()
        with pytest.raises(HfHubHTTPError, match="409"):
            make()
    api.create_branch(MODEL, branch="b", exist_ok=True)
    api.delete_branch(MODEL, branch="b")
    api.delete_tag(MODEL, tag="t")
    with pytest.raises(RevisionNotFoundError):
        api.delete_tag(MODEL, tag="t")
    with pytest.raises(BadRequestError):
        api.delete_branch(MODEL, branch="main")
    assert not api.list_repo_refs(MODEL).tags


def test_private_repository_is_hidden(hub: LoopbackHub, tmp_path: Path) -> None:
    """Only the owner sees it, with either token, and can make it public."""
    owner, reader, stranger = hub.api(), hub.api(hub.read_token), hub.api(hub.stranger_token)
    owner.create_repo(MODEL, private=True)
    owner.upload_file(path_or_fileobj=b"secret", path_in_repo="a.txt", repo_id=MODEL)
    assert Path(hf_hub_download(MODEL, "a.txt", token=hub.read_token)).read_text() == "secret"
    assert reader.model_info(MODEL).private
    for token in (False, hub.stranger_token):
        with pytest.raises(RepositoryNotFoundError):
            hf_hub_download(MODEL, "a.txt", token=token, cache_dir=tmp_path / "other")
        assert list(stranger.list_models(author="najva-tester", token=token)) == []
    assert status(f"{hub.endpoint}/{MODEL}") == status(f"{hub.endpoint}/{MODEL}/resolve/main/a.txt") == 401
    owner.update_repo_settings(MODEL, private=False)
    assert [model.id for model in stranger.list_models(author="najva-tester")] == [MODEL]
    assert Path(hf_hub_download(MODEL, "a.txt", token=False, cache_dir=tmp_path / "other")).read_text() == "secret"


def test_only_the_owners_writing_token_writes(hub: LoopbackHub, pushed: str) -> None:
    """A reading token and another user are refused, and nothing changes."""
    for token, words in ((hub.read_token, "you must use a write token"), (hub.stranger_token, "pass `create_pr=1`")):
        for name in ("x.txt", "x.bin"):
            with pytest.raises(HfHubHTTPError, match=words):
                hub.api(token).upload_file(path_or_fileobj=b"x", path_in_repo=name, repo_id=MODEL)
        with pytest.raises(HfHubHTTPError, match='rights to create a model under the namespace "najva-tester"'):
            hub.api(token).create_repo("najva-tester/other")
        # Not a test of whether a token may write: the client is content with a repository that is there.
        assert hub.api(token).create_repo(MODEL, exist_ok=True).repo_id == MODEL
        with pytest.raises(HfHubHTTPError, match="403"):
            hub.api(token).delete_repo(MODEL)
    assert hub.api().model_info(MODEL).sha == pushed


def test_card_is_checked_and_read(hub: LoopbackHub, pushed: str) -> None:
    """The card's metadata become the repository's; a card the Hub would refuse never gets in."""
    info = hub.api().model_info(MODEL)
    assert (info.card_data.license, info.pipeline_tag) == ("mit", "automatic-speech-recognition")
    assert {"fa", "license:mit"} <= set(info.tags)
    ModelCard("---\nlicense: mit\n---\n").validate()
    bad = {
        "model": ["---\nlicense: [\n---\n", "---\ntags: [no]\n---\n", "---\nmodel-index:\n- name: x\n---\n"],
        "space": ["---\ntitle: x\n---\n", "---\nsdk: gradio\ncolorFrom: orange\n---\n"],
    }
    hub.api().create_repo("space", repo_type="space", space_sdk="gradio")
    for kind, cards in bad.items():
        repo = MODEL if kind == "model" else "najva-tester/space"
        for card in cards:
            with pytest.raises(ValueError, match=r"Invalid metadata in README\.md"):
                hub.api().upload_file(
                    path_or_fileobj=card.encode(), path_in_repo="README.md", repo_id=repo, repo_type=kind
                )
    assert hub.api().model_info(MODEL).sha == pushed


def test_page_shows_card_and_files(hub: LoopbackHub, pushed: str) -> None:
    """A person can open a pushed card; its text is never taken for markup."""
    with urllib.request.urlopen(f"{hub.endpoint}/{MODEL}", timeout=10) as answer:
        page = answer.read().decode()
    assert "نجوا &lt;b&gt;" in page and "<b>" not in page
    assert f"/{MODEL}/resolve/main/model.safetensors" in page
    with urllib.request.urlopen(hub.endpoint, timeout=10) as answer:
        assert f'<a href="/{MODEL}">' in answer.read().decode()


def test_module_functions_reach_the_redirected_hub(hub: LoopbackHub, tmp_path: Path) -> None:
    """Code that names no endpoint, token or cache uses this Hub's and the test's."""
    huggingface_hub.create_repo("plain")
    huggingface_hub.upload_file(path_or_fileobj=b"x", path_in_repo="a.bin", repo_id="najva-tester/plain")
    assert Path(hf_hub_download("najva-tester/plain", "a.bin")).is_relative_to(tmp_path)


def test_program_says_how_to_use_it_and_keeps_everything(tmp_path: Path) -> None:
    """`python -m` prints lines to paste; the next start on the folder has the token and the repositories."""
    command = [sys.executable, "-m", f"{__package__}", "--port", "0", "--folder", str(tmp_path / "kept")]
    root = Path(__file__).parents[__package__.count(".") + 1]
    tokens = []
    for start in range(2):
        with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as program:
            try:
                lines = iter(program.stdout.readline, "")
                export = next(line for line in lines if line.startswith("export "))
                given = dict(re.findall(r"(\w+)=(\S+)", export))
                assert set(given) == {"HF_ENDPOINT", "HF_TOKEN"}  # all else is as the client does it by default
                api = huggingface_hub.HfApi(endpoint=given["HF_ENDPOINT"], token=given["HF_TOKEN"])
                if start == 0:
                    api.create_repo("kept", private=True)
                assert api.model_info("najva-tester/kept").private
                tokens.append(given["HF_TOKEN"])
            finally:
                program.terminate()
    assert tokens[0] == tokens[1]


def test_variables_of_a_space(hub: LoopbackHub) -> None:
    """They are set when the Space is made and afterwards, and only their owner sees them."""
    api, name = hub.api(), "najva-tester/page"
    api.create_repo(name, repo_type="space", space_sdk="gradio", space_variables=[{"key": "A", "value": "1"}])
    api.add_space_variable(name, "B", "owner/model@main")
    api.add_space_variable(name, "A", "2")
    found = {key: variable.value for key, variable in api.get_space_variables(name).items()}
    assert found == {"A": "2", "B": "owner/model@main"}
    with pytest.raises(HfHubHTTPError, match="403"):
        hub.api(hub.stranger_token).get_space_variables(name)
    api.create_repo("najva-tester/model")
    with pytest.raises(HfHubHTTPError, match="404"):
        api.get_space_variables("najva-tester/model")
