"""
pypmu as a PDC: `pdc.py PORT IDCODE FRAMES`. Fetches header and configuration, turns data on, prints the hex of each frame
with what pypmu makes of it, turns data off.
"""
import json
import sys

import compat  # noqa: F401
from synchrophasor.frame import DataFrame
from synchrophasor.pdc import Pdc

port, idcode, count = (int(word) for word in sys.argv[1:4])
Pdc.logger.handlers.clear()



class Tee:
    """Keeps what was read: pypmu encodes STAT otherwise than it was."""

    def __init__(self, socket):
        self.socket = socket
        self.read = b""

    def recv(self, size):
        chunk = self.socket.recv(size)
        if not chunk:
            sys.exit("the server hung up")
        self.read += chunk
        return chunk

    def take(self):
        read, self.read = self.read, b""
        return read.hex()

    def __getattr__(self, name):
        return getattr(self.socket, name)


# Small reads: pypmu takes two frames of one read for none.
pdc = Pdc(pdc_id=idcode, pmu_ip="127.0.0.1", pmu_port=port, buffer_size=4)
pdc.run()
tee = pdc.pmu_socket = Tee(pdc.pmu_socket)
config = pdc.get_config()
print("config", tee.take(), flush=True)
pdc.start()
for _ in range(count):
    frame = pdc.get()
    if not isinstance(frame, DataFrame):
        sys.exit(f"not a data frame: {frame!r}")
    print("data", tee.take(), json.dumps(frame.get_measurements()), flush=True)
pdc.stop()
pdc.quit()
