/** The shop: draws the page that the document's `data-page` names, and tells the pixel what happens on it. */
import * as cart from "./cart.js";
import { open as openLog, tell } from "./pixel-log.js";
import { findProduct, money, picture, PRODUCTS } from "./products.js";

const ORDER = "weir-and-clay-order";
const main = document.querySelector("main");

const PAGES = { index: showShop, product: showProduct, cart: showCart, checkout: showCheckout, thanks: showThanks };

openLog();
PAGES[document.body.dataset.page]();
showCount();

function showShop() {
  main.innerHTML = `
    <section class="hero">
      <h1>Stoneware from the old mill</h1>
      <p>Six things for the table and the shelf, made slowly beside a weir.</p>
    </section>
    <ul class="grid">${PRODUCTS.map(card).join("")}</ul>`;
}

function card(product) {
  return `<li><a class="card" href="product.html?id=${product.id}">
    ${picture(product)}
    <span class="card-text"><strong>${product.name}</strong><span>${money(product.price)}</span></span>
    <small>${product.category}</small></a></li>`;
}

function showProduct() {
  const product = findProduct(new URLSearchParams(location.search).get("id"));
  if (!product) return showMissing("We do not make this", "It may have left the kiln years ago.");
  document.title = `${product.name} · Weir & Clay`;
  main.innerHTML = `
    <nav class="crumbs" aria-label="Breadcrumb"><a href="index.html">Shop</a> / ${product.category}</nav>
    <article class="product">
      <div class="stage">${picture(product)}</div>
      <div>
        <h1>${product.name}</h1>
        <p class="price">${money(product.price)}</p>
        <p>${product.about}</p>
        <form class="buy">
          <label>Quantity <input name="quantity" type="number" min="1" max="99" value="1" required inputmode="numeric"></label>
          <button class="main-action">Add to cart</button>
        </form>
        <p class="said" role="status"></p>
        <ul class="facts"><li>Stoneware, fired at 1280 °C</li><li>Safe in the dishwasher</li><li>30 days to change your mind</li></ul>
      </div>
    </article>`;
  tell("VIEW_CONTENT", { content_name: product.name, content_category: product.category, ...only(product, 1) });
  main.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    const quantity = event.target.elements.quantity.valueAsNumber;
    cart.add(product.id, quantity);
    tell("ADD_TO_CART", { content_name: product.name, ...only(product, quantity) });
    main.querySelector(".said").innerHTML = `In your cart. <a href="cart.html">Go to the cart</a>`;
    showCount();
  });
}

function only(product, quantity) {
  return cart.worth([{ product, quantity }]);
}

function showCart() {
  const lines = cart.read();
  if (!lines.length) return showMissing("Your cart is empty", "Everything good starts with a mug.");
  main.innerHTML = `
    <h1>Cart</h1>
    <div class="two">
      <ul class="lines">${lines.map(cartLine).join("")}</ul>
      <aside class="sum">${sums(lines)}<a class="main-action" href="checkout.html">Check out</a></aside>
    </div>`;
  main.querySelector(".lines").addEventListener("click", ({ target }) => {
    const { id, quantity } = target.closest("button")?.dataset || {};
    if (!id) return;
    cart.set(id, Number(quantity));
    showCart();
    showCount();
  });
}

function cartLine({ product, quantity }) {
  const step = (to, label, text) =>
    `<button type="button" data-id="${product.id}" data-quantity="${to}" aria-label="${label} ${product.name}">${text}</button>`;
  return `<li>
    <a href="product.html?id=${product.id}">${picture(product)}</a>
    <div><strong>${product.name}</strong><small>${money(product.price)} each</small>
      <span class="stepper">${step(quantity - 1, "One less", "−")}<b>${quantity}</b>${step(quantity + 1, "One more", "+")}</span></div>
    <div class="line-end"><strong>${money(product.price * quantity)}</strong>${step(0, "Remove", "Remove")}</div></li>`;
}

function sums(lines) {
  return `<dl><div><dt>Goods</dt><dd>${money(cart.total(lines))}</dd></div>
    <div><dt>Delivery</dt><dd>Free</dd></div>
    <div class="all"><dt>Total</dt><dd>${money(cart.total(lines))}</dd></div></dl>`;
}

function showCheckout() {
  const lines = cart.read();
  if (!lines.length) return showMissing("There is nothing to check out", "Your cart is empty.");
  const field = (name, label, more) => `<label>${label} <input name="${name}" ${more}></label>`;
  main.innerHTML = `
    <h1>Checkout</h1>
    <div class="two">
      <form class="form">
        <div class="pair">${field("fn", "First name", 'autocomplete="given-name" value="Ada" required')}
        ${field("ln", "Last name", 'autocomplete="family-name" value="Example" required')}</div>
        ${field("em", "E-mail", 'type="email" autocomplete="email" value="ada@example.com" required')}
        ${field("ph", "Phone", 'type="tel" autocomplete="tel" value="+44 20 7946 0991"')}
        <p class="notice">The pixel is given these as they are typed. It hashes them in the page if the event group has
        advanced matching on, and drops them if not; raw they never leave it.</p>
        <button class="main-action">Pay ${money(cart.total(lines))}</button>
      </form>
      <aside class="sum"><ul class="brief">${lines
        .map(({ product, quantity }) => `<li><span>${quantity} × ${product.name}</span><span>${money(product.price * quantity)}</span></li>`)
        .join("")}</ul>${sums(lines)}</aside>
    </div>`;
  tell("INITIATE_CHECKOUT", cart.worth(lines));
  main.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    const id = `order-${Date.now().toString(36)}${Math.random().toString(36).slice(2, 6)}`;
    const buyer = Object.fromEntries(new FormData(event.target));
    sessionStorage.setItem(ORDER, JSON.stringify({ id, buyer, worth: cart.worth(lines) }));
    cart.empty();
    location.href = "thanks.html";
  });
}

function showThanks() {
  const order = JSON.parse(sessionStorage.getItem(ORDER));
  if (!order) return showMissing("There is no order yet", "It starts in the shop.");
  main.innerHTML = `
    <section class="thanks">
      <svg viewBox="0 0 64 64" width="72" height="72" aria-hidden="true"><circle cx="32" cy="32" r="30" fill="var(--accent)"/>
        <path d="M19 33l9 9 18-20" fill="none" stroke="var(--card)" stroke-width="5" stroke-linecap="round" stroke-linejoin="round"/></svg>
      <h1>Thank you</h1>
      <p>Your order is on its way to the kiln.</p>
      <dl class="order"><div><dt>Order</dt><dd><code data-order>${order.id}</code></dd></div>
        <div><dt>Total</dt><dd>${money(order.worth.value)}</dd></div></dl>
      <p class="notice">The order id is the event's id. Load this page again, or send the same purchase from a server: it is
      kept once.</p>
      <p><a class="main-action" href="index.html">Back to the shop</a></p>
    </section>`;
  tell("PURCHASE", { event_id: order.id, order_id: order.id, ...order.worth, ...order.buyer });
}

function showMissing(title, text) {
  main.innerHTML = `<section class="thanks"><h1>${title}</h1><p>${text}</p><p><a class="main-action" href="index.html">To the shop</a></p></section>`;
}

function showCount() {
  const found = cart.count(cart.read());
  const badge = document.querySelector("[data-cart-count]");
  badge.hidden = !found;
  badge.textContent = found;
}
