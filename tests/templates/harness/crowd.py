"""A class behind one IP address opens the same page of a stack at the same time."""

import http.client
import re
import ssl
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice

PATIENCE = 120
ASSET = re.compile(r'(?:href|src)="(/static/[^"]+)"')


def open_page(port: int, path: str, people: int, files: int) -> Counter[int]:
    """Load a page and its files for this many people, and return the number of responses by status.

    A page with fewer files is asked for them again, as browsers ask for modules and pictures.
    """
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    together = threading.Barrier(people)

    def load(_: int) -> list[int]:
        connection = http.client.HTTPSConnection("localhost", port, timeout=PATIENCE, context=context)
        connection.connect()
        together.wait(PATIENCE)
        statuses = []

        def get(what: str) -> str:
            connection.request("GET", what)
            answer = connection.getresponse()
            statuses.append(answer.status)
            return answer.read().decode("utf-8", "replace")

        found = ASSET.findall(get(path))
        for asset in islice(cycle(found), files):
            get(asset)
        connection.close()
        return statuses

    with ThreadPoolExecutor(people) as pool:
        return Counter(status for statuses in pool.map(load, range(people)) for status in statuses)
