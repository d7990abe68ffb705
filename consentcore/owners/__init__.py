"""An owner's account with a password of ours: forgotten passwords, changes of address. Pages stand in ``web``."""
