/** The cart: product id -> quantity, kept in the browser. */
import { CURRENCY, findProduct } from "./products.js";

const KEY = "weir-and-clay-cart";

export function read() {
  try {
    const stored = JSON.parse(localStorage.getItem(KEY)) || {};
    return Object.entries(stored)
      .map(([id, quantity]) => ({ product: findProduct(id), quantity }))
      .filter((line) => line.product && line.quantity > 0);
  } catch {
    return [];
  }
}

/** Set a product's quantity; 0 takes it out. */
export function set(id, quantity) {
  const lines = Object.fromEntries(read().map((line) => [line.product.id, line.quantity]));
  lines[id] = Math.min(quantity, 99);
  localStorage.setItem(KEY, JSON.stringify(lines));
}

export function add(id, quantity) {
  const line = read().find((one) => one.product.id === id);
  set(id, (line ? line.quantity : 0) + quantity);
}

export function empty() {
  localStorage.removeItem(KEY);
}

export function count(lines) {
  return lines.reduce((sum, line) => sum + line.quantity, 0);
}

export function total(lines) {
  return lines.reduce((sum, line) => sum + line.quantity * line.product.price, 0);
}

/** What an event says of products in these quantities. */
export function worth(lines) {
  return {
    value: total(lines),
    currency: CURRENCY,
    num_items: count(lines),
    content_type: "product",
    contents: lines.map(({ product, quantity }) => ({ id: product.id, quantity, price: product.price })),
  };
}
