"""A name server on loopback that answers from zone text, so that the whole way of a DNS question can be walked."""

from __future__ import annotations

import socket
import threading

import dns.message
import dns.rdatatype
import dns.rrset

from ndrfilter.adapters.zone import ZoneResolver


class NameServer:
    """Answers over UDP while the `with` block lasts; `address` is what a configuration names."""

    def __init__(self, zone: str) -> None:
        self._zone = ZoneResolver(zone)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self.asked: list[str] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> NameServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        import asyncio

        while True:
            data, client = self._socket.recvfrom(4096)
            if not data:
                return
            query = dns.message.from_wire(data)
            question = query.question[0]
            self.asked.append(str(question.name))
            found = asyncio.run(self._zone.query(str(question.name), dns.rdatatype.to_text(question.rdtype)))
            answer = dns.message.make_response(query, recursion_available=True)
            for text in found:
                quoted = " ".join(f'"{text[start : start + 255]}"' for start in range(0, len(text), 255))
                answer.answer.append(dns.rrset.from_text(question.name, 300, "IN", "TXT", quoted))
            self._socket.sendto(answer.to_wire(), client)
