"""The manual: the pages of ``docs/``, and those that are made of the program itself."""
