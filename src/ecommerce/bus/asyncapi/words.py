"""What the document says to people: how to follow the events, how to join, what each word means."""

from __future__ import annotations

from typing import Final

ABOUT: Final = """
All events that the services of the shop publish, for services in any language. This document and a
user of the broker are enough to follow them.

## Hear

1. Choose a channel whose name ends with `.events` and its messages. A channel is a topic exchange.
2. Make the binding keys: the channel's address, with the first two parts of the message's name in
   place of `{aggregate}` and `{event}`, and `*` in place of the rest, such as
   `order.OrderConfirmed.*.*`. All versions are heard so, and all partitions.
3. Bind a queue of your own with them, consume it with manual acknowledgement, and acknowledge a
   message when what follows from it is safe.

A message is a CloudEvents 1.0 document in JSON. AMQP's `message_id` is the event's `id`, `type` its
type, `correlation_id` its `correlationid` and `user_id` its `source`. It is persistent.

What to count on:

* **At least once.** A message may come again, now or weeks later. The same event has the same `id`
  and the same bytes: remember `source` and `id`, or do what can be done twice.
* **In order, in a partition.** All about one order, or one SKU, has the same `{partition}` and is
  sent in the order in which it was recorded. One consumer of one queue sees that order; several do
  where each takes partitions of its own. Events of different contexts come in any order.
* **Gaps can be seen.** The headers `position` and `previous` number all events of a context. Who
  hears all of a channel has missed something where `previous` is not the last `position` heard.
* **Events grow.** Ignore fields that you do not know: optional ones come without a new version.
  What breaks readers gets a new version, in the message's name and in `dataschema`. Set aside what
  you cannot read, and go on.
* **The sender is proved.** The broker lets a user publish only to an exchange of its own, and only
  under its own name: `user_id` of the message is the `source` of the event.

What was published before your queue was bound is in the channels whose name ends with `.history`.

## Join

A foreign service gets a user of its own, a queue and an exchange, whose names begin with the
user's: `loyalty`, `loyalty.in`, `loyalty.events`. An administrator of the broker makes them in the
virtual host `shop`, and gives no more rights than these:

| right | on | is for |
|---|---|---|
| read | `^(orders[.]events|loyalty[.]in)$` | binding to the exchange, consuming the queue |
| write | `^(loyalty[.]events|loyalty[.]in)$` | publishing, binding the queue |
| topic, read | `orders.events`: `^order[.]OrderConfirmed[.]` | which events it may ask for |

It never publishes to an exchange of the shop. What it says, it says in CloudEvents on its own:
whoever wants to react binds to that. `ecommerce topology` leaves alone whatever does not begin with
the name of a context. `examples/loyalty-points` is such a service, in JavaScript.

A queue of a service that is away grows. Limit it by a policy, or its backlog becomes the shop's:
a broker whose disk is full takes nothing from anybody.

## Personal data

A field with `x-personal: true` tells who somebody is. Ask for no event that you do not need, keep
such fields no longer than you need them, and never write them to a log.
"""

ENVELOPE: Final = {
    "specversion": "The version of CloudEvents.",
    "id": "The event: its stream and the version in it. It never changes, nor do the bytes.",
    "source": "The context that tells it.",
    "type": "The name of the event.",
    "subject": "The stream that the event belongs to, named after its aggregate.",
    "time": "When it was recorded, UTC.",
    "datacontenttype": "What `data` is.",
    "dataschema": "The event with its aggregate and version.",
    "correlationid": "What the event belongs to: the order's id, for all events of an order.",
    "causationid": "The event or request that led to this one.",
    "actor": "Who acted: a caller, or a context for what it does by itself.",
    "traceparent": "Where it belongs in a trace (W3C Trace Context).",
    "data": "The event itself.",
}
"""The attributes of an event's envelope."""

PARAMETERS: Final = {
    "aggregate": "What the event is about: the first part of the message's name.",
    "event": "The event: the second part of the message's name.",
    "version": "The version of its shape: the third part of the message's name.",
    "partition": "All events about one order, or one SKU, are in one partition.",
}
"""The parts of a routing key."""

HEADERS: Final = {
    "position": "The event's number in its context's log; they grow, with gaps.",
    "previous": "The position of the event that was published before this one.",
}
"""The headers of a message."""

EVENTS: Final = (
    "What {context} publishes, as it happens. Only {context} may; a queue of your own listens."
)
HISTORY: Final = (
    "All that {context} ever published: a stream, which reading does not empty. Consume it with"
    " manual acknowledgement, a prefetch count, and the argument `x-stream-offset: first`."
)
SERVER: Final = "The shop's RabbitMQ. `make up` prints its address beside `rabbitmq`."
USER: Final = "Each service has a user and a password of its own."
