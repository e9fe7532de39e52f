"""The transport that a worker gives its app: aiokafka's, with our consumer."""

from faust.transport.drivers import aiokafka

from faust_app.stream.consumer.eager_delivery import EagerDelivery
from faust_app.stream.consumer.rewinding import RewindingConsumer


class WorkerConsumer(EagerDelivery, RewindingConsumer):
    """The consumer of a worker's images."""


WorkerConsumer.logger = aiokafka.Consumer.logger  # what Faust says is shortened by the name of its logger


class WorkerTransport(aiokafka.Transport):
    """Faust's transport for aiokafka, with that consumer."""

    Consumer = WorkerConsumer
