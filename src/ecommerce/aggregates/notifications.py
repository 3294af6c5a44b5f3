"""A notification is queued once for each event that it is about, then sent or given up."""

from __future__ import annotations

from enum import Enum
from typing import TypeAlias

from ecommerce.events.notifications import (
    Mail,
    NotificationEvent,
    NotificationFailed,
    NotificationQueued,
    NotificationSent,
)
from ecommerce.kernel import Command, Decision, Event, Fold, Streams, Value


class QueueNotification(Command, frozen=True):
    """Tell somebody about an event by mail."""

    about: str
    mail: Mail


class CompleteNotification(Command, frozen=True):
    """The mail server took the mail."""

    about: str


class FailNotification(Command, frozen=True):
    """The mail server refused the mail for good."""

    about: str
    reason: str


NotificationCommand: TypeAlias = QueueNotification | CompleteNotification | FailNotification


class Status(Enum):
    """How far a notification is."""

    NEW = "new"
    QUEUED = "queued"
    DONE = "done"


class Notification(Value, frozen=True):
    """What a decision needs to know of a notification."""

    status: Status = Status.NEW


def stream(about: str) -> str:
    """Name the stream of the notification about an event."""
    return f"notification-{about}"


def streams(command: NotificationCommand) -> list[str]:
    """Name the streams that a command reads."""
    return [stream(command.about)]


def decide(command: NotificationCommand, states: Streams) -> Decision:
    """Say what follows from a command."""
    (name,) = streams(command)
    return {name: _decide(command, states[name])}


def _decide(command: NotificationCommand, notification: Notification) -> list[Event]:
    match command, notification.status:
        case QueueNotification(about, mail), Status.NEW:
            return [NotificationQueued(about, mail)]
        case CompleteNotification(about), Status.QUEUED:
            return [NotificationSent(about)]
        case FailNotification(about, reason), Status.QUEUED:
            return [NotificationFailed(about, reason)]
        case _:
            return []  # already so


def evolve(_: Notification, event: NotificationEvent) -> Notification:
    """Say what an event makes of a notification."""
    match event:
        case NotificationQueued():
            return Notification(Status.QUEUED)
        case NotificationSent() | NotificationFailed():
            return Notification(Status.DONE)


folds: dict[str, Fold] = {"notification": Fold(Notification(), evolve, NotificationEvent)}
