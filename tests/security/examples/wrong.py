# ruff: noqa
# What the rules of rules.yml must find, one example under the name of each rule. Never imported, never run.
import datetime
import hashlib
import http.client
import os
import pickle
import secrets
import ssl
import subprocess
import tempfile
import time
import uuid
import xml.etree.ElementTree

import sqlalchemy as sa
import yaml
from markupsafe import Markup


def wrong(connection, name, archive, app):
    connection.execute(sa.text(f"SELECT * FROM {name}"))  # sql-text-from-data
    connection.exec_driver_sql("SELECT " + name)  # sql-text-from-data
    datetime.datetime.now()  # time-outside-clock
    time.sleep(1)  # time-outside-clock
    uuid.uuid4()  # chance-outside-clock
    secrets.token_hex()  # chance-outside-clock
    Markup(name)  # markup-of-data
    eval(name)  # code-from-data
    pickle.loads(name)  # code-from-data
    subprocess.run(name, shell=True)  # code-from-data
    yaml.load(name)  # yaml-load
    archive.extractall(name)  # archive-extracted
    hashlib.md5(name)  # weak-hash
    ssl._create_unverified_context()  # tls-unchecked
    app.run(debug=True)  # debug-server
    tempfile.mktemp()  # temporary-name
