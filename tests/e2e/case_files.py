"""The CSV files of a case, as tests change them."""
import csv
import io
import os


def edit(case, name, change, new_fields=()):
    """Rewrites CASE/name.csv; `change` gets its rows as dicts and changes them in place or returns others."""
    path = os.path.join(case, f"{name}.csv")
    with open(path, encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        fields, rows = list(reader.fieldnames) + list(new_fields), list(reader)
    rows = change(rows) or rows
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, fields, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    with open(path, "w", encoding="utf8", newline="") as file:
        file.write(out.getvalue())
