"""Runs a command and prints its time in seconds and its largest resident memory in bytes as JSON.

    measure_command.py PROGRAM ARGUMENT...
"""

import json
import os
import sys
import time

start = time.monotonic()
process = os.fork()
if process == 0:
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.execv(sys.argv[1], sys.argv[1:])
_, status, usage = os.wait4(process, 0)
print(json.dumps({
    "seconds": time.monotonic() - start,
    "memory_bytes": usage.ru_maxrss * 1024,
    "status": os.waitstatus_to_exitcode(status),
}))
