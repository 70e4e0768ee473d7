"""Damaged files of every kind through every command, in processes of their own, under limits.

``seeds`` writes small valid files, ``kinds`` says what they are and which commands read them, ``mutate``
damages one, ``arguments`` the command line; ``runner`` runs a case in a forked process, and ``verdicts``
says what is wrong with how it ended. A case depends on its seed and number alone.
"""
