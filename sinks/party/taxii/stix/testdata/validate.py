"""Reads a JSON list of STIX objects and prints what stix2-validator says against each."""
import json
import sys

from stix2validator import ValidationOptions, validate_instance

count = 0
for obj in json.load(sys.stdin):
    result = validate_instance(obj, ValidationOptions(version="2.1"))
    count += 1
    for e in result.errors or []:
        print("error", obj["id"], str(e)[:600])
    for w in result.warnings or []:
        print("warning", obj["id"], str(w)[:300])
print("validated", count)
