# SPDX-License-Identifier: Apache-2.0
#
# Moves random content over TCP.  The receiver answers with the checksum of
# what it got, so that the sender can tell that it arrived as it was sent.
#
#   tcp.py serve               receives, until it is ended
#   tcp.py send BYTES IP...    sends BYTES to each IP in turn, and prints the
#                              seconds that each took

import hashlib, os, socket, sys, time
PORT, TIMEOUT = 5201, 60

def serve():
    listener = socket.create_server(("", PORT), backlog=16)
    while True:
        peer = listener.accept()[0]
        peer.settimeout(TIMEOUT)
        digest = hashlib.sha256()
        try:
            while data := peer.recv(1 << 18):
                digest.update(data)
            peer.sendall(digest.digest())
        except OSError as error:
            print(error, flush=True)
        peer.close()

def send(ip, size):
    # Not a multiple of any segment's size, so each has content of its own.
    block = os.urandom((1 << 18) + 4099)
    digest = hashlib.sha256()
    sock = socket.create_connection((ip, PORT), timeout=TIMEOUT)
    while size:
        data = block[:size]
        digest.update(data)
        sock.sendall(data)
        size -= len(data)
    sock.shutdown(socket.SHUT_WR)
    answer = sock.recv(64, socket.MSG_WAITALL)
    if answer != digest.digest():
        sys.exit(f"{ip} received other content than was sent")

if sys.argv[1] == "serve":
    serve()
for ip in sys.argv[3:]:
    try:
        start = time.monotonic()
        send(ip, int(sys.argv[2]))
        print(f"{time.monotonic() - start:.3f}")
    except OSError as error:
        sys.exit(f"{ip}: {error}")
