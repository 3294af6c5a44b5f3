// Gives points for confirmed orders: hears `OrderConfirmed`, and answers with `PointsEarned`.
//
// Where to listen, for what, and what it looks like is told by the shop's AsyncAPI document alone.

import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { Validator } from "@cfworker/json-schema";
import amqp from "amqplib";

const CHANNEL = "orders.events";
const EVENT = "OrderConfirmed";
const ME = "loyalty"; // the user, and the first part of the names of all that is ours
const MINOR_UNITS_A_POINT = 100;

const gateway = process.env.GATEWAY_URL ?? "http://127.0.0.1:18000";
const broker = process.env.AMQP_URL ?? giveUp("AMQP_URL is not set: amqp://loyalty:…@host:port/shop");
const journal = process.env.JOURNAL ?? "handled.log";

function giveUp(why) {
  console.error(why);
  process.exit(1);
}

/** Read from the document what we need: the exchange, the binding key, the form of messages. */
async function describe() {
  const url = `${gateway}/asyncapi.json`;
  const answer = await fetch(url).catch((error) => giveUp(`${url} gives nothing: ${error.cause}`));
  if (!answer.ok) giveUp(`${url} answers ${answer.status}`);
  const document = await answer.json();
  const channel = document.channels[CHANNEL];
  const name = Object.keys(channel.messages).find((name) => name.split(".")[1] === EVENT);
  if (!name) giveUp(`${url} knows no ${EVENT} of ${CHANNEL}`);
  const [aggregate, event] = name.split(".");
  const key = channel.address.replace(/{(\w+)}/g, (_, part) => ({ aggregate, event })[part] ?? "*");
  const message = document.components.messages[channel.messages[name].$ref.split("/").at(-1)];
  // References in the message's schema point into the document.
  const schema = new Validator({ ...document, ...message.payload }, "7");
  return { exchange: channel.bindings.amqp.exchange.name, key, schema };
}

/** Read a message as an event, or throw where it is none that the document describes. */
function read(message, schema) {
  const event = JSON.parse(message.content.toString());
  const { valid, errors } = schema.validate(event);
  if (!valid) throw new Error(errors.map((each) => each.error).join(" "));
  return event;
}

/** Say what follows from a confirmed order. The same order makes the same bytes, however often. */
function earn(event) {
  const { order_id, total } = event.data;
  return {
    specversion: "1.0",
    id: `points-${order_id}@1`,
    source: ME,
    type: "PointsEarned",
    subject: `points-${order_id}`,
    time: event.time,
    datacontenttype: "application/json",
    dataschema: "urn:loyalty:points.PointsEarned.v1",
    correlationid: event.correlationid,
    causationid: event.id,
    actor: ME,
    data: { order_id, points: Math.floor(total.amount / MINOR_UNITS_A_POINT) },
  };
}

/** Publish an event; come back when the broker has it. */
async function publish(channel, event, partition) {
  const key = `points.${event.type}.v1.${partition}`;
  channel.publish(`${ME}.events`, key, Buffer.from(JSON.stringify(event)), {
    contentType: "application/cloudevents+json",
    correlationId: event.correlationid,
    messageId: event.id,
    persistent: true,
    type: event.type,
    userId: ME,
  });
  await channel.waitForConfirms();
}

async function handle(channel, message, schema, handled) {
  let event;
  try {
    event = read(message, schema);
  } catch (error) {
    console.error(`set aside in ${ME}.parked: ${error.message}`);
    return channel.reject(message, false);
  }
  if (!handled.has(event.id)) {
    const earned = earn(event);
    // All about one order has one partition, here as in the shop.
    await publish(channel, earned, message.fields.routingKey.split(".").at(-1));
    // Killed before this line, we publish the same bytes again under the same id.
    appendFileSync(journal, `${event.id}\n`);
    handled.add(event.id);
    console.log(`${earned.data.points} points for order ${earned.data.order_id}`);
  }
  channel.ack(message);
}

async function main() {
  const { exchange, key, schema } = await describe();
  const handled = new Set(existsSync(journal) ? readFileSync(journal, "utf8").split("\n") : []);
  const connection = await amqp.connect(broker, { clientProperties: { connection_name: ME } });
  const stopped = new Promise((stop) => ["SIGINT", "SIGTERM"].map((it) => process.once(it, stop)));
  const lost = new Promise((_, fail) => connection.on("close", fail).on("error", fail));
  const channel = await connection.createConfirmChannel();
  await channel.bindQueue(`${ME}.in`, exchange, key);
  // One at a time: the second of two equal messages must find the first one in the journal.
  await channel.prefetch(1);
  const failed = new Promise((_, fail) => {
    channel.on("error", fail);
    channel.consume(`${ME}.in`, (message) =>
      message
        ? handle(channel, message, schema, handled).catch(fail)
        : fail(new Error("the queue is gone")),
    ).catch(fail);
  });
  console.log(`listening to ${exchange} for ${key}`);
  await Promise.race([stopped, lost, failed]);
  connection.removeAllListeners("close");
  await connection.close();
}

// Whoever runs this starts it again; what was not acknowledged comes again.
main().then(() => process.exit(0), (error) => giveUp(`${ME} ends: ${error?.message ?? error}`));
