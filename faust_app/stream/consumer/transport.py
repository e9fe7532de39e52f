"""The transport that a worker gives its app: aiokafka's, with our consumer."""

from faust.transport.drivers import aiokafka

from faust_app.stream.consumer.eager_delivery import EagerDelivery
from faust_app.stream.consumer.rewinding import RewindingConsumer


class WorkerConsumer(EagerDelivery, RewindingConsumer):
    """The consumer of a worker's images."""


# Set after the class, in whose body mode would replace it: our log shortens what Faust says by the name of Faust's logger.
WorkerConsumer.logger = aiokafka.Consumer.logger


class WorkerTransport(aiokafka.Transport):
    """Faust's transport for aiokafka, with that consumer."""

    Consumer = WorkerConsumer
