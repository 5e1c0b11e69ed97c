"""
pypmu as a PMU: `pmu.py PORT IDCODE FRAMES`. Prints the configuration it serves, waits for a line on standard
input, then sends frames and prints the hex of each as it goes out.
"""
import os
import sys
import time

import compat  # noqa: F401
from synchrophasor.frame import ConfigFrame2, DataFrame
from synchrophasor.pmu import Pmu

port, idcode, count = (int(word) for word in sys.argv[1:4])
Pmu.logger.handlers.clear()

config = ConfigFrame2(
    idcode, 1000000, 1, "pypmu", idcode, (True, True, True, False), 3, 1, 1,
    ["VA", "VB", "VC", "ANALOG1"] + [f"BREAKER {i:X}" for i in range(16)],
    [(0, "v")] * 3, [(1, "pow")], [(0x0000, 0xFFFF)], 50, 1, 50,
)
pmu = Pmu(pmu_id=idcode, data_rate=50, port=port, ip="127.0.0.1", set_timestamp=False)
pmu.set_configuration(config)
pmu.run()
# pypmu forks for each client, which must not find standard input locked: hence os.read.
print("config", config.convert2bytes().hex(), flush=True)
os.read(0, 1)

start = int(time.time())
for i in range(count):
    frame = DataFrame(
        idcode, ("ok", True, "timestamp", False, False, False, 0, "<10", 0),
        [(230000.0 + i, 0.1), (230000.0, -2.0), (230000.0, 2.1)], i % 100, -1, [float(i)], [i & 0xFFFF],
        config, start + i // 50, (i % 50) * 20000,
    ).convert2bytes()
    print("data", frame.hex(), flush=True)
    pmu.send(frame)
    time.sleep(0.02)
print("sent", flush=True)
os.read(0, 1)
