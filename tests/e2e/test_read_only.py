"""Files and folders that may not be written, as on a disk that was mounted read-only: a server does not start on a
database that it could not write; one whose folder of photos turns read-only answers uploads `unavailable` with nothing
half done, takes records as before, and takes the photo when the folder may be written again."""
import base64
import ctypes
import glob
import hashlib
import http.client
import json
import os
import subprocess
import uuid

import jiancha
import wire

STARTED = 1672704000  # 2023-01-03 08:00, China
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2
PHOTO = b"\xff\xd8\xff" + bytes(range(256)) * 40


def bound_by_modes():
    """Root may write whatever the modes say; a server started behind this is not that mighty."""
    if os.geteuid() == 0:
        libc = ctypes.CDLL(None, use_errno=True)
        for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
            if libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
                raise OSError(ctypes.get_errno(), "prctl")


class ReadOnly(jiancha.Test):
    def setUp(self):
        self.db = self.path(f"{self._testMethodName}", "jiancha.db")
        os.mkdir(os.path.dirname(self.db))
        jiancha.run("init", "--db", self.db)
        jiancha.run("import", jiancha.CASE, "--db", self.db)

    def invite(self):
        return jiancha.listing(jiancha.run("device", "invite", "--inspector", "hn-t1-01", "--db", self.db, "--format",
                                           "json"), "device")[0]["code"]

    def refused(self):
        """A server that does not start, and says why."""
        done = subprocess.run([jiancha.JIANCHA, "serve", "--db", self.db, "--listen", "127.0.0.1:0", "--lang", "en"],
                              env=jiancha.environment(), capture_output=True, text=True, timeout=60, check=False,
                              preexec_fn=bound_by_modes)
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertIn("the database is read-only", done.stderr)

    def test_start(self):
        for place, mode in ((self.db, 0o444), (os.path.dirname(self.db), 0o555)):
            with self.subTest(place):
                before = os.stat(place).st_mode & 0o777
                os.chmod(place, mode)
                self.refused()
                os.chmod(place, before)
        server = self.serve(self.db, before=bound_by_modes)
        server.must("DeviceService/Enroll", wire.enroll(self.invite()))
        server.stop()

    def tus(self, method, path, headers, body=b""):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        try:
            connection.request(method, path, body, {"Tus-Resumable": "1.0.0", "Authorization": f"Bearer {self.token}",
                                                    "Accept-Language": "en", **headers})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def create(self):
        sha256 = hashlib.sha256(PHOTO).hexdigest().encode()
        metadata = f"sha256 {base64.b64encode(sha256).decode()},type {base64.b64encode(b'image/jpeg').decode()}"
        return self.tus("POST", "/blobs", {"Upload-Length": str(len(PHOTO)), "Upload-Metadata": metadata})

    def patch(self, location, offset):
        return self.tus("PATCH", location, {"Upload-Offset": str(offset),
                                            "Content-Type": "application/offset+octet-stream"}, PHOTO[offset:])

    def unavailable(self, answer):
        status, headers, body = answer
        self.assertEqual((status, json.loads(body)["code"]), (503, "unavailable"), body)
        self.assertEqual(headers["Retry-After"], "1")
        self.assertNotIn(self.folder, body.decode(), "where files lie is not for callers")

    def accepted(self, number):
        inspection_id, operation_id = (uuid.uuid5(uuid.NAMESPACE_OID, f"{what} {number}").bytes for what in "io")
        record = wire.inspection(inspection_id, "hn-001", ("hn-t1-01", "hn-t1-02"), STARTED + number * 86400)
        operation = wire.operation(operation_id, STARTED, 16, wire.pack((1, record), (2, "test")))
        status, body = self.server.call("SyncService/Sync", wire.sync([operation]), self.token)
        self.assertEqual(status, 200, body)
        self.assertEqual(wire.results(body)[operation_id], (wire.APPLIED, ""))

    def modes(self, mode):
        for folder, _, _ in list(os.walk(self.db + ".blobs")):
            os.chmod(folder, mode)

    def test_photos(self):
        self.server = self.serve(self.db, before=bound_by_modes)
        self.token = wire.first(wire.unpack(self.server.must("DeviceService/Enroll", wire.enroll(self.invite()))),
                                2).decode()
        self.modes(0o555)
        self.unavailable(self.create())
        self.accepted(0)
        self.modes(0o700)
        status, headers, body = self.create()
        self.assertEqual(status, 201, body)
        self.modes(0o555)
        self.unavailable(self.patch(headers["Location"], 0))
        self.accepted(1)
        self.modes(0o700)
        status, offset, _ = self.tus("HEAD", headers["Location"], {})
        self.assertEqual(status, 200)
        self.assertEqual(self.patch(headers["Location"], int(offset["Upload-Offset"]))[0], 204)
        found = [path for path in glob.glob(os.path.join(self.db + ".blobs", "**"), recursive=True)
                 if os.path.isfile(path)]
        self.assertEqual(len(found), 1, found)
        with open(found[0], "rb") as file:
            self.assertEqual(file.read(), PHOTO)
        jiancha.run("verify", "--db", self.db)


if __name__ == "__main__":
    jiancha.main()
