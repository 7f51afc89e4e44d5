"""What only Xet does: chunks that are sent once, hashes that are checked, tokens of its own, and life beside LFS."""

from __future__ import annotations

import itertools
import os
import random
from collections.abc import Callable
from pathlib import Path

import httpx2
import numpy as np
import pytest
from huggingface_hub import HfFileSystem, constants, hf_hub_download

from . import LoopbackHub
from .client import redirect_client
from .xet import hashes
from .xet.store import XetStore
from .xet.xorbs import contents

pytestmark = [pytest.mark.hub, pytest.mark.parametrize("way", ["xet"], indirect=True)]

MODEL = "najva-tester/model"
WEIGHTS = np.random.default_rng(0).standard_normal(1 << 19, dtype=np.float32).tobytes()
CHANGED = WEIGHTS[:700_001] + b"a few more bytes" + WEIGHTS[700_001:]
MOST_CHUNK_BYTES = 128 << 10


@pytest.fixture
def push(hub: LoopbackHub) -> Callable[..., None]:
    """Pushes contents by their names to `MODEL`."""
    hub.api().create_repo(MODEL)

    def push(**files: bytes) -> None:
        for name, content in files.items():
            hub.api().upload_file(path_or_fileobj=content, path_in_repo=f"{name}.safetensors", repo_id=MODEL)

    return push


def load(name: str) -> bytes:
    return Path(hf_hub_download(MODEL, f"{name}.safetensors")).read_bytes()


def stored(hub: LoopbackHub) -> dict[str, bytes]:
    """Returns every xorb of the Hub by its name."""
    paths = hub.site.store.xet.xorb_path(bytes(32)).parent.glob("*")
    return {path.name: path.read_bytes() for path in paths if not path.suffix}


def ask(hub: LoopbackHub, method: str, path: str, content: bytes = b"", **headers: str) -> httpx2.Response:
    """Asks the storage, by default with a writing token."""
    token, _ = hub.site.xet_tokens.issue("write", 60)
    url = f"{hub.endpoint}/cas/{hub.site.store.xet.id}{path}"
    return httpx2.request(method, url, content=content, headers={"Authorization": f"Bearer {token}", **headers})


def test_every_packing_of_chunks_comes_back(hub: LoopbackHub, push: Callable[..., None]) -> None:
    """Random bytes, text and numbers are each packed in their own way; short and odd sizes are among them."""
    odd = WEIGHTS[: 3 * 65536 + 3]
    files = {"random": os.urandom(1 << 20), "text": b"a line of text\n" * 70_000, "odd": odd, "one": b"\0"}
    push(**files)
    schemes = {xorb[4] for xorb in stored(hub).values()}
    assert schemes == {0, 1, 2}
    for name, content in files.items():
        assert load(name) == content


def test_changed_file_sends_its_new_chunks_only(
    hub: LoopbackHub, push: Callable[..., None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Known chunks are not sent again, not even from another machine, which learns of them from the Hub."""
    push(weights=WEIGHTS)
    before = set(stored(hub))
    redirect_client(monkeypatch, hub, tmp_path / "other machine")
    push(weights=CHANGED)
    new = {name: xorb for name, xorb in stored(hub).items() if name not in before}
    assert 0 < sum(map(len, new.values())) < 2 * MOST_CHUNK_BYTES
    assert load("weights") == CHANGED


def test_same_content_is_stored_once(hub: LoopbackHub, push: Callable[..., None], tmp_path: Path) -> None:
    """A later push of a known content sends nothing; an empty file is none of Xet's."""
    folder = tmp_path / "copies"
    folder.mkdir()
    for name in ("one", "two"):
        (folder / f"{name}.safetensors").write_bytes(WEIGHTS)
    (folder / "empty.safetensors").touch()
    hub.api().upload_folder(repo_id=MODEL, folder_path=folder)
    # Copies that are sent at the same time are packed each for itself; that is the client's doing.
    before = set(stored(hub))
    push(three=WEIGHTS)
    assert set(stored(hub)) == before
    assert load("one") == load("two") == load("three") == WEIGHTS
    assert load("empty") == b""
    entries = {entry.path: entry for entry in hub.api().get_paths_info(MODEL, ["one.safetensors", "empty.safetensors"])}
    assert entries["one.safetensors"].xet_hash and not entries["empty.safetensors"].xet_hash


def test_parts_of_a_file_are_planned_exactly(hub: LoopbackHub, push: Callable[..., None]) -> None:
    """Any range of bytes comes out of the chunks that the plan names; behind the end there is nothing."""
    push(weights=WEIGHTS, changed=CHANGED)
    name = hub.api().get_paths_info(MODEL, "changed.safetensors")[0].xet_hash
    random.seed(0)
    cuts = sorted(random.sample(range(len(CHANGED)), 8))
    for start, end in [*itertools.pairwise([0, *cuts, len(CHANGED)]), (5, 6), (len(CHANGED) - 1, 1 << 40)]:
        plan = ask(hub, "GET", f"/v2/reconstructions/{name}", Range=f"bytes={start}-{end - 1}").json()
        found = bytearray()
        for term in plan["terms"]:
            first, last = term["range"]["start"], term["range"]["end"]
            url, span = next(
                (fetch["url"], span)
                for fetch in plan["xorbs"][term["hash"]]
                for span in fetch["ranges"]
                if span["chunks"]["start"] <= first and last <= span["chunks"]["end"]
            )
            packed = httpx2.get(url, headers={"Range": "bytes={start}-{end}".format(**span["bytes"])}).content
            chunks = list(contents(packed))[first - span["chunks"]["start"] :][: last - first]
            assert sum(map(len, chunks)) == term["unpacked_length"]
            found += b"".join(chunks)
        assert len(found) < end - start + 2 * MOST_CHUNK_BYTES
        assert bytes(found[plan["offset_into_first_range"] :][: end - start]) == CHANGED[start:end]
    behind = ask(hub, "GET", f"/v2/reconstructions/{name}", Range=f"bytes={len(CHANGED)}-")
    assert behind.status_code == 416


def test_both_ways_serve_each_other(
    hub: LoopbackHub, push: Callable[..., None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What was pushed in one way is loaded in the other, and not pushed again."""
    push(weights=WEIGHTS)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    assert load("weights") == WEIGHTS
    hub.requests.clear()
    push(copy=WEIGHTS, changed=CHANGED)
    assert sum(request.startswith("PUT") for request in hub.requests) == 1
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", False)
    assert load("copy") == WEIGHTS and load("changed") == CHANGED


def test_file_system_reads_parts(hub: LoopbackHub, push: Callable[..., None], tmp_path: Path) -> None:
    """`HfFileSystem`, by which data sets are streamed, fetches whole files by Xet and parts by HTTP."""
    push(weights=WEIGHTS)
    files = HfFileSystem(endpoint=hub.endpoint, token=hub.token, skip_instance_cache=True)
    with files.open(f"{MODEL}/weights.safetensors") as weights:
        weights.seek(1_000_000)
        assert weights.read(1000) == WEIGHTS[1_000_000:][:1000]
    files.get_file(f"{MODEL}/weights.safetensors", tmp_path / "weights")
    assert (tmp_path / "weights").read_bytes() == WEIGHTS


def test_storage_outlives_the_hub(hub: LoopbackHub, push: Callable[..., None], tmp_path: Path) -> None:
    """A later Hub on the folder has the xorbs, and knows which chunks it need not be sent."""
    push(weights=WEIGHTS)
    name = hub.api().get_paths_info(MODEL, "weights.safetensors")[0].xet_hash
    kept = hub.site.store.xet
    again = XetStore(tmp_path / "hub" / "xet", hub.site.store.objects)
    assert again.id == kept.id and again.plan(hashes.from_text(name), 0, None).terms
    chunk = again.chunks(hashes.from_text(next(iter(stored(hub)))))[0]
    assert again.xorb_with(chunk.hash) == hashes.from_text(next(iter(stored(hub))))


def test_tokens_are_scoped_and_short_lived(hub: LoopbackHub, push: Callable[..., None]) -> None:
    """A reading Hub token gets no writing Xet token; a Xet token that has expired, or is none, opens nothing."""
    push(weights=WEIGHTS)
    start = f"{hub.endpoint}/api/models/{MODEL}"
    for token, scope, status in ((hub.read_token, "read", 200), (hub.read_token, "write", 403), ("hf_no", "read", 401)):
        url = f"{start}/xet-{scope}-token/main"
        assert httpx2.get(url, headers={"Authorization": f"Bearer {token}"}).status_code == status
    assert httpx2.get(f"{start}/xet-read-token/absent").headers["x-error-code"] == "RevisionNotFound"
    name = hub.api().get_paths_info(MODEL, "weights.safetensors")[0].xet_hash
    read, _ = hub.site.xet_tokens.issue("read", 60)
    late, _ = hub.site.xet_tokens.issue("write", -1)
    for token, status in ((read, 200), (late, 401), (read.replace("read", "write"), 401), (hub.token, 401), ("x", 401)):
        answer = ask(hub, "GET", f"/v2/reconstructions/{name}", Authorization=f"Bearer {token}")
        assert answer.status_code == status
    assert ask(hub, "POST", "/v2/shards", Authorization=f"Bearer {read}").status_code == 403


def test_client_renews_its_xet_tokens(hub: LoopbackHub, push: Callable[..., None]) -> None:
    """A token that will soon expire is not used again, and a push goes on with the next one."""
    hub.site.xet_token_seconds = 20
    push(weights=WEIGHTS)
    assert sum("/xet-write-token/" in request for request in hub.requests) > 2
    assert load("weights") == WEIGHTS


def test_xorb_must_match_its_name(hub: LoopbackHub, push: Callable[..., None]) -> None:
    """Another name, a damaged chunk and one cut short are refused, with a grant or without, and not kept."""
    push(weights=WEIGHTS)
    (name, xorb), *_ = stored(hub).items()
    damaged = xorb[:1000] + bytes([xorb[1000] ^ 1]) + xorb[1001:]
    other = name[:-1] + ("0" if name[-1] != "0" else "1")
    for content in (xorb, damaged, xorb[:-1], b"no xorb", b""):
        assert ask(hub, "POST", f"/v1/xorbs/default/{other}", content).status_code == 400
        grant = ask(hub, "POST", f"/v1/xorb-grants/default/{other}").json()
        assert httpx2.put(grant["url"], content=content).status_code == 200
        assert ask(hub, "POST", f"/v1/xorb-commits/default/{other}/grant/{grant['id']}").status_code == 400
    assert ask(hub, "POST", f"/v1/xorb-commits/default/{other}/grant/{'0' * 32}").status_code == 404
    assert list(stored(hub)) == [name]
    assert ask(hub, "POST", f"/v1/xorb-grants/default/{name}").status_code == 200
    assert ask(hub, "POST", f"/v1/xorbs/default/{name}", xorb).json() == {"was_inserted": False}


def test_xorb_goes_the_older_way_when_its_storage_fails(hub: LoopbackHub, push: Callable[..., None]) -> None:
    """The client itself turns to it, and the file is whole."""
    hub.faults.refuse(403, only="/storage/xorbs/")
    push(weights=WEIGHTS)
    hub.faults.clear()
    assert sum("/v1/xorbs/default/" in request for request in hub.requests) == 1
    assert load("weights") == WEIGHTS


def test_shard_must_tell_the_truth(
    hub: LoopbackHub, push: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each field of a shard that is changed makes it refused: file, terms, range hashes, SHA-256, xorbs."""
    shards: list[bytes] = []
    taken = XetStore.add_shard

    async def remember(store: XetStore, shard: bytes) -> None:
        shards.append(shard)
        await taken(store, shard)

    monkeypatch.setattr(XetStore, "add_shard", remember)
    push(weights=WEIGHTS)
    (shard,) = shards

    def refusal(content: bytes) -> dict:
        return ask(hub, "POST", "/v2/shards", content).json()

    # Header; then the file's line, its only term, the range hash and the SHA-256, 48 bytes each; then the xorb.
    fields = {"tag": 0, "file": 48, "xorb": 96, "size": 132, "end": 140, "range": 144, "sha256": 192, "chunk": 336}
    for name, position in fields.items():
        changed = shard[:position] + bytes([shard[position] ^ 1]) + shard[position + 1 :]
        answer = refusal(changed)
        assert answer["type"] == "error" and answer["message"] and not answer["retryable"], name
    assert refusal(shard[:200])["type"] == refusal(b"")["type"] == "error"
    assert ask(hub, "POST", "/v2/shards", shard).text.splitlines()[-1] == '{"type": "result"}'


def test_refused_shard_is_no_file(hub: LoopbackHub, push: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    """A push that the storage refuses says why, and publishes nothing."""
    monkeypatch.setattr(XetStore, "_check", lambda store, file: hashes.from_text("no hash"))
    with pytest.raises(RuntimeError, match="64 hexadecimal digits"):
        push(weights=WEIGHTS)
    assert not hub.api().file_exists(MODEL, "weights.safetensors")
