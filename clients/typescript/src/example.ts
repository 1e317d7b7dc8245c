// Places an order, follows it, finds it in the list and cancels it. Prints one line of JSON for each step.
//
// ORDERS_URL, TRACKING_URL, MARKETPLACE_KEY: where and as whom. NOW: the time of a deployment whose clock is not the
// real one; PERSON: {"name", "phone", "resident_id"} of the shopper, who has a yearly limit.
import createClient from "openapi-fetch";

import type { components, paths as OrdersPaths } from "../generated/orders.js";
import type { paths as TrackingPaths } from "../generated/tracking.js";

type OrderBody = components["schemas"]["OrderBody"];
type Problem = components["schemas"]["Problem"];

function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}

function say(step: string, told: Record<string, unknown>): void {
  console.log(JSON.stringify({ step, ...told }));
}

/** The data of an answer; a Problem is an error here. */
function expected<T>(answer: { data?: T; error?: unknown; response: Response }): NonNullable<T> {
  if (answer.data === undefined || answer.data === null) {
    const problem = answer.error as Problem | undefined;
    throw new Error(`${answer.response.status} ${problem?.title ?? ""} ${JSON.stringify(problem?.errors ?? [])}`);
  }
  return answer.data;
}

async function until<T>(read: () => Promise<T | undefined>, seconds = 60): Promise<T> {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; ) {
    const found = await read();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`nothing has come within ${seconds} seconds`);
}

const now = process.env["NOW"] ? new Date(process.env["NOW"]) : new Date();
const person: { name: string; phone: string; resident_id: string } = JSON.parse(required("PERSON"));
const body: OrderBody = {
  number: `TS-${crypto.randomUUID().slice(0, 8)}`,
  buyer: person,
  consignee: {
    name: person.name,
    phone: person.phone,
    address: {
      province: "广东省",
      city: "深圳市",
      district: "南山区",
      street: "科技园路1号",
      postcode: "518057",
      country: "CN",
    },
  },
  lines: [
    {
      sku: "SAVON-OLIVE-300",
      description: "Olive oil soap",
      hs_code: "34011100",
      origin: "FR",
      quantity: 2,
      unit_price: { amount: "9.50", currency: "EUR" },
    },
  ],
  freight: { amount: "18.00", currency: "EUR" },
  discount: { amount: "0.00", currency: "EUR" },
  tax: { amount: "3.37", currency: "EUR" },
  total: { amount: "40.37", currency: "EUR" },
  payment: {
    provider: "Alipay",
    transaction_id: crypto.randomUUID(),
    paid_at: new Date(now.getTime() - 120_000).toISOString(),
    amount: { amount: "40.37", currency: "EUR" },
  },
  language: "zh",
};

const headers = { Authorization: `Bearer ${required("MARKETPLACE_KEY")}` };
const orders = createClient<OrdersPaths>({ baseUrl: required("ORDERS_URL"), headers });
const tracking = createClient<TrackingPaths>({ baseUrl: required("TRACKING_URL") });

const refused = await orders.POST("/orders", { body: { ...body, lines: [] } });
say("refused", { status: refused.response.status, faults: refused.error?.errors?.map((fault) => fault.field) });

const once = { "Idempotency-Key": `place-${body.number}` };
const placed = expected(await orders.POST("/orders", { params: { header: once }, body }));
const again = expected(await orders.POST("/orders", { params: { header: once }, body }));
say("placed", { id: placed.id, again: again.id, number: placed.number });

const secret = new URL(placed.tracking_url).searchParams.get("secret") ?? "";
const followed = await until(async () => {
  const answer = await tracking.GET("/orders/{order_id}/tracking", {
    params: { path: { order_id: placed.id }, header: { "X-Tracking-Secret": secret } },
  });
  return answer.data?.timeline?.length ? answer.data : undefined;
});
say("followed", { id: followed.order_id, number: followed.number, first: followed.timeline?.[0]?.kind });

const page = expected(await orders.GET("/orders", { params: { query: { number: body.number } } }));
say("listed", { orders: page.orders.map((order) => order.id), next: page.next });

const path = { order_id: placed.id };
const cancelled = expected(await orders.POST("/orders/{order_id}/cancel", { params: { path } }));
say("cancelled", { id: cancelled.id });

const ended = await until(async () => {
  const order = expected(await orders.GET("/orders/{order_id}", { params: { path } }));
  return order.closed_at ? order : undefined;
});
say("ended", { status: ended.status, answer: ended.cancel?.answer });
