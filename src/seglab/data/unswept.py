"""Imported first by the process that workers are forked from: its imports leave hardly any garbage.

To look for it takes a quarter of their time. Workers look for theirs.
"""

import gc

gc.disable()
