"""Here so that `tests` is this folder: torch-fidelity's wheel installs a package of that name, which would win over a
folder without this file wherever a child process imports its target by name.
"""
