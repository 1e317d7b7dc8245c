"""A transparency log in C2SP's formats: tree, tiles, signed notes, checkpoints, proofs, requests to witnesses.

Nothing here knows what a leaf says. Sources: c2sp.org/tlog-tiles, tlog-checkpoint, signed-note, tlog-cosignature,
tlog-witness, tlog-proof; RFC 6962 and RFC 9162 for the tree.
"""
