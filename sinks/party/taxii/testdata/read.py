"""Reads a whole TAXII server with taxii2-client and prints what it found as JSON.

Arguments: URL of the discovery resource, user, secret, objects a page.
"""
import json
import sys

from taxii2client.exceptions import AccessError
from taxii2client.v21 import Server, as_pages

url, user, secret, per_page = sys.argv[1:5]
server = Server(url, user=user, password=secret)
found = {"title": server.title, "default": server.default.title, "collections": []}
for c in server.default.collections:
    assert c.can_read and not c.can_write, c.id
    objects, records, pages = [], [], 0
    for page in as_pages(c.get_objects, per_request=int(per_page), **{"version": "all"}):
        objects += page.get("objects", [])
        pages += 1
    for page in as_pages(c.get_manifest, per_request=int(per_page), **{"version": "all"}):
        records += page.get("objects", [])
    versions = {}
    for o in {o["id"]: o for o in objects}.values():
        versions[o["id"]] = c.object_versions(o["id"])["versions"]
        got = c.get_object(o["id"])["objects"]
        assert [o] == got, o["id"]
    try:
        c.add_objects({"objects": []})
        raise SystemExit("objects can be added")
    except AccessError:
        pass
    found["collections"].append({
        "id": c.id, "pages": pages, "objects": [o["id"] for o in objects],
        "records": [r["id"] for r in records], "dates": [r["date_added"] for r in records],
        "recorded": [r["version"] for r in records],
        "filtered": [o["id"] for o in c.get_objects(type="report").get("objects", [])],
        "versions": versions,
    })
print(json.dumps(found))
