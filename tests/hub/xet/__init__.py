"""The content-addressed storage of the Xet protocol, version 1.1.0, as far as `hf_xet` 1.8 asks for it.

The protocol is specified at https://huggingface.co/docs/xet. What is newer than that text, namely grants for xorbs and
version 2 of shards and of reconstructions, is taken from the `api_changes` of https://github.com/huggingface/xet-core.

A file is cut into chunks. Chunks are packed into xorbs, which are uploaded; a shard then says of which chunks of which
xorbs each file is made. A download asks for that list and fetches ranges of xorbs.

Every hash is checked: of chunks, xorbs, terms and files, and the SHA-256 of each file. Not checked are the CRC-64 with
which a grant is asked for, and whether the file that is asked for belongs to the repository for which the token was
given. Not served are what `hf_xet` 1.8 falls back to or never asks for (version 1 of shards and of reconstructions,
changes within a stored file), nor telemetry.
"""
