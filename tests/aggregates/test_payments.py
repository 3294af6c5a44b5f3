from __future__ import annotations

from itertools import permutations

import pytest

from ecommerce.aggregates import payments
from ecommerce.aggregates.payments import (
    ClosePayment,
    CompleteRefund,
    CompleteVoid,
    FailPayment,
    PaymentCleared,
    RequestPayment,
    RequireAuthentication,
    StartPayment,
    SucceedPayment,
)
from ecommerce.events.payments import (
    PaymentAuthenticationRequired,
    PaymentClosed,
    PaymentFailed,
    PaymentRefunded,
    PaymentRequested,
    PaymentStarted,
    PaymentSucceeded,
    PaymentVoided,
    RefundStarted,
    VoidStarted,
)
from ecommerce.kernel import Command, Event, Money
from scenario import given

DUE = Money(2097, "GBP")

request = RequestPayment("7", DUE, "pm_card_visa")
start = StartPayment("7")
close = ClosePayment("7")
succeed = SucceedPayment("7", "ch_1")
fail = FailPayment("7", "card_declined", "the card was declined")
refund = CompleteRefund("7", "re_1")
authenticate = RequireAuthentication("7", "pi_1", "https://bank.invalid/1")
void = CompleteVoid("7")

requested = PaymentRequested("7", DUE, "pm_card_visa")
cleared = PaymentCleared("7")
started = PaymentStarted("7", DUE, "pm_card_visa")
succeeded = PaymentSucceeded("7", DUE, "ch_1")
failed = PaymentFailed("7", "card_declined", "the card was declined")
closed = PaymentClosed("7")
refunding = RefundStarted("7", DUE, "ch_1")
refunded = PaymentRefunded("7", DUE, "re_1")
authenticating = PaymentAuthenticationRequired("7", "pi_1", "https://bank.invalid/1")
voiding = VoidStarted("7", "pi_1")
voided = PaymentVoided("7")

free = PaymentRequested("7", Money(0, "GBP"), "pm_card_visa")
free_succeeded = PaymentSucceeded("7", Money(0, "GBP"), None)


def test_what_an_order_owes_is_noted_and_not_charged_yet() -> None:
    given(payments).when(request).then(requested)


def test_the_charge_starts_once_the_stock_is_held() -> None:
    given(payments, requested).when(start).then(started)


def test_stock_held_before_the_request_is_noted() -> None:
    given(payments).when(start).then(cleared)


def test_a_request_after_the_stock_is_held_starts_at_once() -> None:
    given(payments, cleared).when(request).then(requested, started)


def test_nothing_due_succeeds_without_a_charge() -> None:
    given(payments, free).when(start).then(free_succeeded)


def test_nothing_due_succeeds_without_a_charge_in_the_other_order_too() -> None:
    given(payments, cleared).when(RequestPayment("7", Money(0, "GBP"), "pm_card_visa")).then(
        free, free_succeeded
    )


def test_a_captured_charge_is_a_payment() -> None:
    given(payments, requested, started).when(succeed).then(succeeded)


def test_a_refused_charge_is_a_failed_payment() -> None:
    given(payments, requested, started).when(fail).then(failed)


def test_a_payment_is_started_once() -> None:
    given(payments, requested, started).when(start).then()


def test_a_dead_order_is_not_charged() -> None:
    given(payments, requested, closed).when(start).then()


def test_an_order_that_died_before_its_request_is_never_charged() -> None:
    given(payments, closed).when(request).then()
    given(payments, closed).when(start).then()


def test_closing_before_the_charge_asks_for_no_money() -> None:
    given(payments, requested).when(close).then(closed)


def test_closing_while_the_provider_is_asked_waits_for_its_answer() -> None:
    given(payments, requested, started).when(close).then(closed)


def test_a_late_success_after_the_order_died_is_refunded_at_once() -> None:
    given(payments, requested, started, closed).when(succeed).then(succeeded, refunding)


def test_a_late_refusal_after_the_order_died_leaves_nothing_to_refund() -> None:
    given(payments, requested, started, closed).when(fail).then(failed)


def test_closing_after_the_payment_refunds_it() -> None:
    given(payments, requested, started, succeeded).when(close).then(closed, refunding)


def test_nothing_is_given_back_where_nothing_was_charged() -> None:
    given(payments, free, free_succeeded).when(close).then(closed)


def test_a_success_told_after_a_refusal_counts_for_money_was_taken() -> None:
    given(payments, requested, started, failed).when(succeed).then(succeeded)


def test_a_success_told_after_a_refusal_is_refunded_when_the_order_dies() -> None:
    given(payments, requested, started, failed, succeeded).when(close).then(closed, refunding)
    given(payments, requested, started, failed, closed).when(succeed).then(succeeded, refunding)


def test_a_refusal_told_after_a_success_changes_nothing() -> None:
    given(payments, requested, started, succeeded).when(fail).then()


def test_a_refund_that_was_given_is_noted() -> None:
    given(payments, requested, started, succeeded, closed, refunding).when(refund).then(refunded)


def test_money_is_given_back_once() -> None:
    history = [requested, started, succeeded, closed, refunding, refunded]
    for command in (close, refund, succeed):
        given(payments, *history).when(command).then()


@pytest.mark.parametrize("command", [succeed, fail, refund, authenticate, void])
def test_an_answer_to_a_question_never_asked_is_no_payment(command: Command) -> None:
    given(payments, requested).when(command).then()


def test_a_bank_that_asks_for_the_customer_is_waited_for() -> None:
    given(payments, requested, started).when(authenticate).then(authenticating)
    given(payments, requested, started, authenticating).when(succeed).then(succeeded)
    given(payments, requested, started, authenticating).when(fail).then(failed)


def test_a_dead_order_s_charge_that_waits_for_the_customer_is_voided() -> None:
    waiting = [requested, started, authenticating]
    given(payments, *waiting).when(close).then(closed, voiding)
    given(payments, *waiting, closed, voiding).when(void).then(voided)


def test_a_charge_that_begins_to_wait_after_its_order_died_is_voided() -> None:
    given(payments, requested, started, closed).when(authenticate).then(authenticating, voiding)


def test_a_customer_who_was_quicker_than_the_void_is_refunded() -> None:
    voiding_now = [requested, started, authenticating, closed, voiding]
    given(payments, *voiding_now).when(succeed).then(succeeded, refunding)


def test_a_customer_who_paid_in_spite_of_the_void_is_refunded() -> None:
    all_voided = [requested, started, authenticating, closed, voiding, voided]
    given(payments, *all_voided).when(succeed).then(succeeded, refunding)


def test_an_authentication_that_failed_leaves_nothing_to_pay_by_itself() -> None:
    failed_so = [requested, started, authenticating, failed]
    given(payments, *failed_so).when(close).then(closed, voiding)
    given(payments, *failed_so, closed, voiding).when(void).then(voided)


STATES: dict[str, list[Event]] = {
    "unknown": [],
    "cleared": [cleared],
    "closed first": [closed],
    "requested": [requested],
    "requested, closed": [requested, closed],
    "started": [requested, started],
    "started, closed": [requested, started, closed],
    "succeeded": [requested, started, succeeded],
    "nothing due": [free, free_succeeded],
    "failed": [requested, started, failed],
    "failed, closed": [requested, started, failed, closed],
    "authenticating": [requested, started, authenticating],
    "authenticating, closed": [requested, started, authenticating, closed, voiding],
    "authenticated in vain": [requested, started, authenticating, failed],
    "voided": [requested, started, authenticating, closed, voiding, voided],
    "refunding": [requested, started, succeeded, closed, refunding],
    "refunded": [requested, started, succeeded, closed, refunding, refunded],
}


@pytest.mark.parametrize(
    "command", [request, start, close, authenticate, succeed, fail, refund, void]
)
@pytest.mark.parametrize("history", STATES.values(), ids=STATES)
def test_no_policy_is_ever_refused_and_asking_again_changes_nothing(
    history: list[Event], command: Command
) -> None:
    recorded = given(payments, *history).when(command).decision()["payment-7"]
    given(payments, *history, *recorded).when(command).then()


@pytest.mark.parametrize("order", [*permutations([request, start, close])])
def test_in_whatever_order_policies_speak_a_dead_order_keeps_no_money(order: list[Command]) -> None:
    history: list[Event] = []
    for command in (*order, succeed, refund):
        history += given(payments, *history).when(command).decision()["payment-7"]
    captured = sum(event.amount.amount for event in history if isinstance(event, PaymentSucceeded))
    returned = sum(event.amount.amount for event in history if isinstance(event, PaymentRefunded))
    assert captured == returned


@pytest.mark.parametrize("order", [*permutations([request, start])])
def test_in_whatever_order_policies_speak_a_live_order_is_charged_once(
    order: list[Command],
) -> None:
    history: list[Event] = []
    for command in (*order, *order):
        history += given(payments, *history).when(command).decision()["payment-7"]
    assert [event for event in history if isinstance(event, PaymentStarted)] == [started]
