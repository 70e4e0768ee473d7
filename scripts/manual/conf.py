"""Sphinx's configuration of the site."""

import o3sim

project = "o3sim"
author = "the o3sim authors"
copyright = author  # noqa: A001 - the name that Sphinx gives it
version = release = o3sim.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_heading_anchors = 6
napoleon_google_docstring = False
napoleon_use_ivar = True
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_member_order = "bysource"
autodoc_inherit_docstrings = False
suppress_warnings = ["myst.header"]  # pages begin at the level that a repository shows best

html_theme = "furo"
html_title = f"o3sim {release}"
html_show_sphinx = False
html_copy_source = False
