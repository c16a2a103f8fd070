"""docs/SYNC.md read by somebody else: sync_doc.js (node, its own cryptography, nothing of the product) recomputes every
vector, the bundle and the worked exchange from what the document says. That they are what the program does is
tests/test_sync_doc.c."""
import os
import shutil
import subprocess
import sys
import unittest

import jiancha

READER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sync_doc.js")
DOCUMENT = os.path.join(jiancha.ROOT, "docs", "SYNC.md")


class Reader(jiancha.Test):
    def read(self, document):
        return subprocess.run(["node", READER, document], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              encoding="utf8", check=False)

    def test_document(self):
        done = self.read(DOCUMENT)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_a_wrong_document_is_found(self):
        with open(DOCUMENT, encoding="utf8") as file:
            text = file.read()
        for name, before, after in (
                ("link", "first link        c1", "first link        c0"),
                ("receipt", "receipt signature 4f", "receipt signature 4e"),
                ("bundle", "whole file        4a43", "whole file        4a44"),
                ("server's key", "server's key      ed", "server's key      ec"),
                ("body", "\n0a060890f1f29d06", "\n0a060891f1f29d06"),
                ("upload", "sha256 YmE3", "sha256 YmE4")):
            with self.subTest(name):
                self.assertIn(before, text)
                wrong = self.path(f"{name}.md")
                with open(wrong, "w", encoding="utf8") as file:
                    file.write(text.replace(before, after))
                self.assertEqual(self.read(wrong).returncode, 1)


if __name__ == "__main__":
    if not shutil.which("node"):
        print("OK (skipped=1): node is missing")
        sys.exit(77)
    unittest.main(verbosity=2)
