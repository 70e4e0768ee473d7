"""The site of the manual, and the blocks of its pages at work."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
