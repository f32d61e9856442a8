"""Prints every message of the stream of candles, by the protocol of NATS alone: consumer.py HOST PORT."""
import json
import socket
import sys

connection = socket.create_connection((sys.argv[1], int(sys.argv[2])))
stream = connection.makefile("rb")


def send(text: str) -> None:
    connection.sendall(text.encode() + b"\r\n")


stream.readline()  # INFO
send('CONNECT {"verbose": false, "headers": true, "lang": "python", "version": "0"}')
send("SUB inbox 1")
send("SUB answers 2")
config = {"deliver_subject": "inbox", "deliver_policy": "all", "ack_policy": "none", "filter_subject": "candle.>"}
request = json.dumps({"stream_name": "CANDLES", "config": config})
send(f"PUB $JS.API.CONSUMER.CREATE.CANDLES answers {len(request)}\r\n{request}")
while True:
    words = stream.readline().decode().split()
    if words[0] == "PING":
        send("PONG")
    elif words[0] in ("MSG", "HMSG"):
        total = int(words[-1])
        headers = int(words[-2]) if words[0] == "HMSG" else 0
        body = stream.read(total + 2)[headers:total]
        if words[1] == "answers":
            assert "error" not in json.loads(body), body
            continue
        print(body.decode())
        # $JS.ACK.STREAM.CONSUMER.DELIVERED.SEQUENCE.CONSUMER_SEQUENCE.TIME.PENDING
        if words[3].split(".")[-1] == "0":
            break
