# SPDX-License-Identifier: MIT
"""Runs scripts/arrows on small packages: without a cycle, with cycles, with wrong dependencies.

usage: check_arrows.py
"""

import json
import pathlib
import subprocess
import tempfile
import textwrap
import unittest

ARROWS = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "arrows"

MANIFEST = """
// swift-tools-version: 6.2
import PackageDescription
let package = Package(name: "small", targets: [{targets}])
"""


class Arrows(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name).resolve()

    def manifest(self, *targets):
        text = MANIFEST.strip().format(targets=", ".join(targets))
        (self.root / "Package.swift").write_text(text)

    def source(self, path, text):
        """Writes a file below Sources."""
        file = self.root / "Sources" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text).lstrip())

    def run_arrows(self, status, *options):
        """What the script prints on both outputs, after a check of its exit status."""
        done = subprocess.run(
            [ARROWS, "--package-path", self.root, *options], capture_output=True, text=True
        )
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.assertFalse([line for line in done.stdout.splitlines() if len(line) > 80])
        return done.stdout, done.stderr

    def test_folders(self):
        self.manifest(
            '.target(name: "Stock")', '.target(name: "Shop", dependencies: ["Stock"])'
        )
        self.source("Shop/Till.swift", "private import Synchronization\ninternal import Stock\n")
        # A low folder, and a high one that names a type, a property, and a member of an extension.
        self.source(
            "Stock/Low/Item.swift",
            """
            struct Item {
              var price: Int { get { 1 } set {} }
              var count = 0
            }
            extension Item {
              func total() -> Int { price * count }
            }
            """,
        )
        self.source(
            "Stock/High/Shelf.swift",
            """
            func fill(_ item: inout Item) -> Int {
              item.price = 2
              return item.total()
            }
            extension Item {
              var count2: Int { 3 }
            }
            struct Outer { struct Item { var price = 5 } }
            """,
        )
        # Of the same names as those of the folder above, but its own; comments name nothing.
        self.source(
            "Stock/Low/Outer.swift",
            """
            // Outer.Item and fill(_:) and count2 are not named here.
            struct Label { var count2 = 7, fill = "Outer" }
            func read(_ label: Label) -> Int { label.count2 + label.fill.count }
            """,
        )
        self.source("Stock/Low/Empty.swift", "// Nothing here.\n")
        text, _ = self.run_arrows(0)
        self.assertIn("  Shop\n    modules:   Stock\n    toolchain: Synchronization\n", text)
        self.assertLess(text.index("  Stock\n"), text.index("  Shop\n"))
        self.assertIn("  Low\n  High\n    Low 3: Item, Item.price, Item.total()\n", text)
        self.assertTrue(text.endswith("\nNo cycle.\n"))

        # A file that names something of the folder above closes a cycle.
        self.source("Stock/Low/Back.swift", "func back(_ item: Item) -> Int {\n  item.count2\n}\n")
        text, _ = self.run_arrows(1)
        self.assertIn("Cycle of folders in Stock: High -> Low -> High\n", text)
        self.assertIn("  High names 3 symbols of Low\n", text)
        self.assertIn(
            "  Low names 1 symbol of High, the fewest:\n"
            "    Item.count2 [Sources/Stock/High/Shelf.swift:6]\n"
            "      Sources/Stock/Low/Back.swift: 2\n",
            text,
        )
        found = json.loads(self.run_arrows(1, "--json")[0])
        self.assertEqual([cycle["folders"] for cycle in found["folder_cycles"]], [["High", "Low"]])
        self.assertEqual(
            found["folder_cycles"][0]["lightest"]["symbols"][0]["places"],
            [{"file": "Sources/Stock/Low/Back.swift", "lines": [2]}],
        )
        text, _ = self.run_arrows(0, "--folder", "Stock/High")
        self.assertIn("High names 3 symbols of Low:\n    Item [Sources/Stock/Low/Item", text)
        self.assertIn("no folder Stock/Middle", self.run_arrows(1, "--folder", "Stock/Middle")[1])

        # The index is of the sources as they are: a file that moved up takes its names with it.
        (self.root / "Sources/Stock/Low/Back.swift").rename(
            self.root / "Sources/Stock/High/Back.swift"
        )
        text, _ = self.run_arrows(0)
        self.assertIn("    Low 3: ", text)

        # Sources that do not compile have no index: the compiler's errors are shown.
        self.source("Stock/Low/Broken.swift", "func broken() { missing() }\n")
        self.assertIn("cannot find 'missing' in scope", self.run_arrows(1)[1])

    def test_modules(self):
        self.manifest(
            '.target(name: "Base")',
            '.target(name: "Middle", dependencies: ["Base"])',
            '.target(name: "Top", dependencies: ["Base", "Middle"])',
        )
        self.source(
            "Base/Base.swift",
            '''
            /* import Top */
            let text = """
            import Top
            """
            ''',
        )
        self.source("Middle/Middle.swift", "// Attributes\n@_exported public import Base\n")
        self.source("Top/Top.swift", "import struct Middle.Value\nimport Base\n")
        self.assertTrue(self.run_arrows(0)[0].endswith("\nNo cycle.\n"))

        self.source("Middle/Middle.swift", "// Access\nprivate import Top\n")
        text, errors = self.run_arrows(1)
        self.assertIn("Cycle of modules: Middle -> Top -> Middle\n", text)
        self.assertIn("  Middle uses Top (Sources/Middle/Middle.swift:2)\n", text)
        self.assertEqual(
            errors.splitlines(),
            [
                "error: Sources/Middle/Middle.swift:2: Middle imports Top but does not declare it",
                "error: Package.swift: Middle declares Base but no file imports it",
            ],
        )


if __name__ == "__main__":
    unittest.main()
