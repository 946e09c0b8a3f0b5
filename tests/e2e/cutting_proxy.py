"""Between a client and a PostgreSQL server: forwards a batch's COMMIT, and cuts the connection in place of the reply."""
import asyncio
import pathlib
import shutil
import tempfile
import threading

SOCKET = ".s.PGSQL.5432"
LANE_MOVES = b"UPDATE dualwrite.lane SET batch"
COMMITTED = b"C" + (11).to_bytes(4, "big") + b"COMMIT\0"


class CuttingProxy:
    def __init__(self, server):
        self.server = server / SOCKET
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="dualwrite-proxy-"))
        self.cuts = 0
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        serving = asyncio.start_unix_server(self.serve, self.folder / SOCKET)
        asyncio.run_coroutine_threadsafe(serving, self.loop).result()

    def end(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        shutil.rmtree(self.folder)

    async def serve(self, client, to_client):
        server, to_server = await asyncio.open_unix_connection(self.server)
        # The first message of a client has no letter.
        to_server.write(await self.message(client, letter=False))
        commits = asyncio.Event()  # a batch: nothing is told to the client any more
        ways = [asyncio.ensure_future(self.ask(client, to_server, commits)),
                asyncio.ensure_future(self.answer(server, to_client, commits))]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for one in ways:
            one.cancel()
        for one in (to_client, to_server):
            one.close()
        await asyncio.gather(*ways, return_exceptions=True)

    @staticmethod
    async def message(reader, letter=True):
        head = await reader.readexactly(5 if letter else 4)
        return head + await reader.readexactly(int.from_bytes(head[-4:], "big") - 4)

    async def ask(self, client, to_server, commits):
        moves_lane = commits_now = False
        while True:
            message = await self.message(client)
            moves_lane = moves_lane or LANE_MOVES in message
            commits_now = commits_now or (moves_lane and b"\0COMMIT\0" in message[:16])
            # What is asked for together is answered when the end of it is there.
            if commits_now and message[:1] in b"QS":
                commits.set()
            to_server.write(message)
            await to_server.drain()

    async def answer(self, server, to_client, commits):
        while True:
            message = await self.message(server)
            if not commits.is_set():
                to_client.write(message)
                await to_client.drain()
            elif message == COMMITTED:
                self.cuts += 1
                return
