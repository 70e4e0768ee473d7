"""Profiles and exact outputs in a folder: computed once, checked once, mapped by every process.

A folder holds those of one network on some images; ``index.json`` says which, and has a SHA-256 of
every image's part of every array. Arrays are ``.npy`` files in the dtypes that engines read, the
images along their first axis, so that mapping them costs nothing and processes share one copy.
``docs/profile.md`` lists them.
"""
