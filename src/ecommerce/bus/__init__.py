"""RabbitMQ: topology, relay, consumers and history."""
