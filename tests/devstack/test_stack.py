import os
import signal
import tomllib
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import aioboto3
import pymysql
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from devstack.errors import DevstackError
from devstack.ports import Ports
from devstack.seaweedfs import BUCKET
from devstack.stack import Stack
from devstack.waiting import wait_until

CACHE = Path(__file__).parents[2] / ".devstack"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("stack"), Ports.free(), cache=CACHE) as started:
        yield started


async def test_a_record_that_was_produced_is_consumed(stack: Stack) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.kafka.address)
    await admin.start()
    await admin.create_topics([NewTopic("spoken", num_partitions=1, replication_factor=1)])
    await admin.close()

    async with AIOKafkaProducer(bootstrap_servers=stack.kafka.address) as producer:
        await producer.send_and_wait("spoken", b"hello")
    consumer = AIOKafkaConsumer("spoken", bootstrap_servers=stack.kafka.address, auto_offset_reset="earliest")
    async with consumer:
        assert (await consumer.getone()).value == b"hello"


def test_the_account_creates_databases_of_its_prefix_and_no_others(stack: Stack) -> None:
    with stack.mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT @@version, @@character_set_database")
        version, character_set = cursor.fetchone() or ("", "")
        cursor.execute("CREATE DATABASE shop_images_of_a_test")
        cursor.execute("DROP DATABASE shop_images_of_a_test")
        with pytest.raises(pymysql.MySQLError, match="denied"):
            cursor.execute("CREATE DATABASE shopXimages")

    assert version.startswith("11.4")
    assert character_set == "utf8mb4"


async def test_an_object_that_was_put_is_got(stack: Stack) -> None:
    settings = stack.environment()
    session = aioboto3.Session(settings["S3_ACCESS_KEY_ID"], settings["S3_SECRET_ACCESS_KEY"])
    async with session.client("s3", endpoint_url=settings["S3_ENDPOINT_URL"], region_name="us-east-1") as s3:
        await s3.put_object(Bucket=BUCKET, Key="a/b", Body=b"picture", ContentType="image/jpeg")
        answer = await s3.get_object(Bucket=BUCKET, Key="a/b")

        assert await answer["Body"].read() == b"picture"
        assert answer["ContentType"] == "image/jpeg"


def test_a_stranger_is_not_let_into_the_bucket(stack: Stack) -> None:
    with pytest.raises(urllib.error.HTTPError) as refusal:
        urllib.request.urlopen(f"{stack.seaweedfs.address}/{BUCKET}?list-type=2")  # noqa: S310

    assert refusal.value.code == 403
    refusal.value.close()


def test_the_tokens_file_matches_the_tokens_in_the_settings(stack: Stack) -> None:
    settings = stack.environment()
    tokens = tomllib.loads(Path(settings["TOKENS_FILE"]).read_text())

    assert tokens["storefront"] == {"token": settings["INTAKE_TOKEN"], "scopes": ["intake", "view"]}
    assert tokens["operator"] == {"token": settings["OPERATE_TOKEN"], "scopes": ["intake", "view", "operate"]}


def test_a_paused_service_answers_nothing_until_it_is_resumed(stack: Stack) -> None:
    stack.valkey.pause()
    assert not stack.valkey.answers()

    stack.valkey.resume()
    assert stack.valkey.answers()


def test_a_service_that_died_by_itself_can_be_started_again(stack: Stack) -> None:
    os.kill(stack.valkey.pid, signal.SIGKILL)
    assert wait_until(lambda: not stack.valkey.running, 5)

    stack.valkey.start()

    assert stack.valkey.answers()


@pytest.mark.parametrize("outlasts_machine", [True, False])
def test_a_killed_database_comes_back_with_its_data(stack: Stack, monkeypatch: pytest.MonkeyPatch, *, outlasts_machine: bool) -> None:
    stack.mariadb.stop()
    monkeypatch.setattr(stack.mariadb, "outlasts_machine", outlasts_machine)
    stack.mariadb.start()
    with stack.mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE kept (id INT PRIMARY KEY)")
        cursor.execute("INSERT INTO kept VALUES (7)")

    stack.mariadb.kill()
    assert not stack.mariadb.running
    with pytest.raises(DevstackError, match="not running"):
        _ = stack.mariadb.pid
    stack.mariadb.start()

    with stack.mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT id FROM kept")
        assert cursor.fetchall() == ((7,),)
        cursor.execute("DROP TABLE kept")


def test_a_stopped_storage_comes_back_with_its_objects(stack: Stack) -> None:
    assert stack.seaweedfs.request("PUT", f"/{BUCKET}/kept", b"still here") == 200

    stack.seaweedfs.stop()
    stack.seaweedfs.start()

    assert stack.seaweedfs.request("GET", f"/{BUCKET}/kept") == 200
