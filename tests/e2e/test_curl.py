"""curl as it comes with Debian, an unmodified client: calls by POST and GET, compressed and chunked, behind `Expect`,
in HTTP/1.0, several on one connection, over TLS with a ticket; errors with words and details; uploads that are cut and
go on, and photos in parts (DESIGN section 4)."""
import base64
import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys

import jiancha

PASSWORD = "a password of my own"
PHOTO = b"\xff\xd8\xff" + bytes(range(256)) * 4000
SKIP = 77


class Curl(jiancha.Test):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.db = cls.path("jiancha.db")
        admin = jiancha.listing(jiancha.run("init", "--db", cls.db, "--format", "json"), "init")[0]
        jiancha.run("import", jiancha.CASE, "--db", cls.db)
        cls.cert, key = cls.path("cert.pem"), cls.path("key.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-keyout", key, "-out", cls.cert, "-days", "3650", "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=DNS:localhost,IP:127.0.0.1"], check=True, capture_output=True)
        os.chmod(key, 0o600)
        cls.tls_port = jiancha.free_port()
        cls.server = cls.serve(cls.db, more=("--tls-listen", f"127.0.0.1:{cls.tls_port}", "--tls-cert", cls.cert,
                                             "--tls-key", key))
        cls.token = cls.must("SessionService/Login", {"login": admin["login"], "password": admin["one_time_password"]},
                             token=None)["token"]
        cls.must("SessionService/ChangePassword", {"oldPassword": admin["one_time_password"], "newPassword": PASSWORD})

    @classmethod
    def curl(cls, *args, token=True, stdin=None, expect=0):
        """What curl prints; `token`: as the administrator."""
        signed = ("-H", f"Authorization: Bearer {cls.token}") if token else ()
        done = subprocess.run(["curl", "-sS", "--max-time", "60", "-H", "Accept-Language: en", *signed, *args],
                              input=stdin, capture_output=True, check=False)
        if expect is not None and done.returncode != expect:
            raise AssertionError(f"curl {args}: exit {done.returncode}\n{done.stdout[:1000]}\n{done.stderr}")
        return done.stdout

    @classmethod
    def must(cls, procedure, message, *args, token=True):
        """The answer of a call in JSON."""
        return json.loads(cls.curl("-f", "-H", "Content-Type: application/json", "--data", json.dumps(message), *args,
                                   cls.url(procedure), token=token))

    @classmethod
    def url(cls, procedure):
        return f"{cls.server.url}/jiancha.v1.{procedure}"

    def units(self, *args, message="{\"pageSize\":50}"):
        return json.loads(self.curl("-f", *args, "-H", "Content-Type: application/json", "--data", message,
                                    self.url("RegistryService/ListUnits")))["units"]

    def test_ways(self):
        expected = self.units()
        self.assertEqual(len(expected), 50)
        packed, compressed = self.path("request.gz"), gzip.compress(b'{"pageSize":50}')
        with open(packed, "wb") as file:
            file.write(compressed)
        url = self.url("RegistryService/ListUnits")
        ask = ("-G", "--data-urlencode", "message={\"pageSize\":50}", "-d", "encoding=json", "-d", "connect=v1")
        gzipped = base64.urlsafe_b64encode(compressed).decode().rstrip("=")
        json_body = ("-H", "Content-Type: application/json")
        ways = {
            "compressed answer": ("--compressed", *json_body, "-d", '{"pageSize":50}'),
            "compressed request": (*json_body, "-H", "Content-Encoding: gzip", "--data-binary", f"@{packed}"),
            "chunks": (*json_body, "-H", "Transfer-Encoding: chunked", "-d", '{"pageSize":50}'),
            "Expect": (*json_body, "-H", "Expect: 100-continue", "-d", '{"pageSize":50}'),
            "HTTP/1.0": ("-0", *json_body, "-d", '{"pageSize":50}'),
            "asking for HTTP/2": ("--http2", *json_body, "-d", '{"pageSize":50}'),
            "GET": ask,
            "GET with what nobody knows": (*ask, *(part for i in range(150) for part in ("-d", f"x{i}=1"))),
            "GET, compressed": ("-G", "-d", "encoding=json", "-d", "base64=1", "-d", "compression=gzip", "-d",
                                f"message={gzipped}"),
        }
        for name, args in ways.items():
            with self.subTest(name):
                self.assertEqual(json.loads(self.curl("-f", *args, url))["units"], expected)

    def test_head(self):
        head = self.curl("-I", "-G", "-d", "encoding=json", "--data-urlencode", "message={}",
                         self.url("RegistryService/GetAgency")).decode()
        self.assertTrue(head.startswith("HTTP/1.1 200 "), head)
        self.assertIn("Content-Type: application/json", head)

    def test_errors(self):
        json_body = ("-H", "Content-Type: application/json")
        cases = {
            "not found": (("-d", '{"unitId":"nobody"}', *json_body), "RegistryService/GetUnit", 404, "not_found"),
            "no JSON": (("-d", "{", *json_body), "RegistryService/GetUnit", 400, "invalid_argument"),
            "form": (("-d", "unitId=hn-001"), "RegistryService/GetUnit", 415, "unknown"),
            "nothing there": (("-d", "{}", *json_body), "RegistryService/Nothing", 404, "unimplemented"),
            "GET of what writes": (("-G", "-d", "encoding=json", "-d", "message={}"), "DeviceService/CreateInvitation",
                                   405, "unknown"),
            "DELETE": (("-X", "DELETE"), "RegistryService/GetUnit", 405, "unknown"),
            "a late deadline": (("-d", "{}", *json_body, "-H", "Connect-Timeout-Ms: 0"), "SessionService/GetSelf", 504,
                                "deadline_exceeded"),
            "a head too large": (("-d", "{}", *json_body, "-H", "X: " + "x" * 6000), "SessionService/GetSelf", 431,
                                 "resource_exhausted"),
            "a wrong length": (("-d", "{}", *json_body, "-H", "Content-Length: +2"), "SessionService/GetSelf", 400,
                               "invalid_argument"),
        }
        for name, (args, procedure, status, code) in cases.items():
            with self.subTest(name):
                out = self.curl("-w", "\n%{http_code} %{content_type}", *args, self.url(procedure)).decode()
                body, last = out.rsplit("\n", 1)
                self.assertEqual(last, f"{status} application/json", body)
                error = json.loads(body)
                self.assertEqual(error["code"], code)
                self.assertTrue(error["message"])
                self.assertEqual(error["details"][0]["type"], "jiancha.v1.ErrorDetail")
        error = json.loads(self.curl("-d", "{}", *json_body, self.url("SessionService/GetSelf"), token=False))
        self.assertEqual(error["code"], "unauthenticated")

    def test_a_large_body(self):
        """Twice the limit, announced and in chunks: refused, and curl hears it."""
        body = b"x" * (8 << 20)
        for name, args in {"announced": (), "chunks": ("-H", "Transfer-Encoding: chunked")}.items():
            with self.subTest(name):
                out = self.curl("-w", "\n%{http_code}", "-H", "Content-Type: application/proto", "--data-binary", "@-",
                                *args, self.url("SyncService/Ingest"), stdin=body).decode()
                self.assertEqual(out.rsplit("\n", 1)[1], "429", out)
                self.assertEqual(json.loads(out.rsplit("\n", 1)[0])["code"], "resource_exhausted")

    def test_one_connection(self):
        urls = [f"{self.server.url}/healthz"] * 20
        out = self.curl("-w", "%{num_connects}", *urls, token=False).decode()
        self.assertEqual(out.count('{"status":"ok"}'), 20)
        self.assertEqual([line[0] for line in out.split("\n")[1:]], ["1"] + ["0"] * 19)

    def test_tls(self):
        url = f"https://localhost:{self.tls_port}/healthz"
        for version in (("--tlsv1.3",), ("--tlsv1.2", "--tls-max", "1.2"), ("--http2",)):
            with self.subTest(version[-1]):
                out = self.curl("--cacert", self.cert, *version, "-w", "%{ssl_verify_result} %{http_version}", url,
                                token=False)
                self.assertEqual(out.decode(), '{"status":"ok"}\n0 1.1')
        self.curl("--cacert", self.cert, "--tlsv1.1", "--tls-max", "1.1", url, token=False, expect=35)
        self.curl(url, token=False, expect=60)  # who does not know the certificate

    def test_upload(self):
        code = jiancha.listing(jiancha.run("device", "invite", "--inspector", "hn-t1-01", "--db", self.db, "--format",
                                           "json"), "device")[0]["code"]
        key = base64.b64encode(bytes(32)).decode()
        token = self.must("DeviceService/Enroll", {"code": code, "deviceName": "curl", "publicKey": key},
                          token=None)["token"]
        name = hashlib.sha256(PHOTO).hexdigest()
        tus = ("-H", "Tus-Resumable: 1.0.0", "-H", f"Authorization: Bearer {token}")
        metadata = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}"
                            for key, value in (("sha256", name), ("type", "image/jpeg")))
        head = self.curl("-f", "-i", *tus, "-X", "POST", "-H", f"Upload-Length: {len(PHOTO)}", "-H",
                         f"Upload-Metadata: {metadata}", f"{self.server.url}/blobs", token=False).decode()
        # one that will never fit is refused for good, without an hour to come back in
        large = self.curl("-i", *tus, "-X", "POST", "-H", f"Upload-Length: {1 << 40}", "-H",
                          f"Upload-Metadata: {metadata}", f"{self.server.url}/blobs", token=False).decode().lower()
        self.assertTrue(large.startswith("http/1.1 413"), large)
        self.assertNotIn("retry-after", large)
        location = next(line[10:].strip() for line in head.split("\r\n") if line.lower().startswith("location: "))
        url = location if location.startswith("http") else self.server.url + location
        patch = ("-X", "PATCH", "-H", "Content-Type: application/offset+octet-stream")
        # curl announces all and has half: it gives up by its own time limit, the first time or a later one
        offset, half = 0, len(PHOTO) // 2
        while not offset:
            self.curl(*tus, *patch, "-H", "Upload-Offset: 0", "-H", f"Content-Length: {len(PHOTO)}", "--max-time", "1",
                      "--data-binary", "@-", url, token=False, expect=28, stdin=PHOTO[:half])
            offset = self.offset(tus, url)
        self.assertLessEqual(offset, half)
        refused = self.curl("-w", "%{http_code}", "-o", os.devnull, *tus, *patch, "-H", f"Upload-Offset: {offset + 1}",
                            "--data-binary", "x", url, token=False)
        self.assertEqual(refused, b"409")
        self.curl("-f", *tus, *patch, "-H", f"Upload-Offset: {offset}", "--data-binary", "@-", url, token=False,
                  stdin=PHOTO[offset:])
        with open(os.path.join(f"{self.db}.blobs", "1", name[:2], name[2:]), "rb") as file:
            self.assertEqual(file.read(), PHOTO)

    def offset(self, tus, url):
        """When the server has noticed that the other connection is gone."""
        while True:
            head = self.curl("-I", *tus, url, token=False).decode().lower()
            if head.startswith("http/1.1 200"):
                return int(head.split("upload-offset: ")[1].split()[0])
            self.assertTrue(head.startswith("http/1.1 423"), head)


if __name__ == "__main__":
    missing = [name for name in ("curl", "openssl") if not shutil.which(name)]
    if missing:
        print(f"OK (skipped=1): {', '.join(missing)} is missing")
        sys.exit(SKIP)
    jiancha.main()
