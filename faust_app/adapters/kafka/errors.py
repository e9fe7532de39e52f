"""What Kafka, or the way to it, said, as a sentence."""

from aiokafka.errors import BrokerResponseError, KafkaConnectionError, KafkaTimeoutError


def kafka_sentence(error: BaseException) -> str:
    """Return what an error of aiokafka means, with the broker's own word where a broker answered."""
    match error:
        case BrokerResponseError():
            return f"Kafka answered {error.message}."
        case KafkaTimeoutError() | TimeoutError():
            return "Kafka did not answer in time."
        case KafkaConnectionError() | OSError():
            return "There is no connection to Kafka."
        case _:
            return "The client of Kafka gave up."
