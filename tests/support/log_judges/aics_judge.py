"""`aics_judge.py LOG_KEY QUORUM FOLDER [WITNESS_KEY ...]`: says whether the log in a folder is one to aics-tlog.

It runs in an environment of its own, which has aics-tlog and nothing of ours. Every tile and every leaf is read, and
the inclusion of some leaves and the growth from some sizes, over the whole log, are proven from the tiles.
"""

from __future__ import annotations

import sys
from pathlib import Path

import aics_tlog
from aics_tlog.verified import audit_tiles


def main(log_key: str, quorum: str, folder: str, *witnesses: str) -> None:
    note = aics_tlog.parse_note(Path(folder, "checkpoint").read_bytes())
    keys = [aics_tlog.parse_vkey(text) for text in (log_key, *witnesses)]
    judged = aics_tlog.verify_checkpoint(note, keys[0], keys[1:], int(quorum))
    if not judged.ok:
        raise SystemExit(f"checkpoint: {judged.error}")
    tree = aics_tlog.parse_checkpoint(note.text)
    tiles = aics_tlog.FileSystemTileReader(folder)
    audit_tiles(tiles, tree.size, tree.root)
    for index in range(0, tree.size, max(97, tree.size // 20)):
        leaf = aics_tlog.read_entry(tiles, index, tree.size)
        proof = aics_tlog.inclusion_proof_from_tiles(tiles, index, tree.size)
        if not aics_tlog.verify_leaf_inclusion(leaf, index, tree.size, proof, tree.root):
            raise SystemExit(f"leaf {index} is not included")
    for old in range(1, tree.size, max(131, tree.size // 20)):
        was = aics_tlog.tree_root_from_tiles(tiles, old, tree.size)
        proof = aics_tlog.consistency_proof_from_tiles(tiles, old, tree.size)
        if not aics_tlog.verify_consistency(old, tree.size, was, tree.root, proof):
            raise SystemExit(f"the tree does not begin with its first {old} leaves")


if __name__ == "__main__":
    main(*sys.argv[1:])
