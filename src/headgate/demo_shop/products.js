/** What the shop sells, and how it looks: each drawing is a few shapes in the colours of the page. */

const glaze = "var(--glaze)";
const shade = "var(--glaze-shade)";
const clay = "var(--clay)";
const light = "var(--shine)";

export const PRODUCTS = [
  {
    id: "mug-river",
    name: "River mug",
    category: "Cups",
    price: 24,
    about: "Thrown thin at the lip and heavy at the foot, with a handle for three fingers. Holds 300 ml.",
    hue: 184,
    drawing: `
      <path d="M132 78h18a22 22 0 0 1 0 46h-20" fill="none" stroke="${shade}" stroke-width="11"/>
      <path d="M56 62h82v62c0 18-10 28-26 28H82c-16 0-26-10-26-28z" fill="${glaze}"/>
      <path d="M60 134c6 12 14 18 24 18h26c10 0 18-6 24-18z" fill="${clay}"/>
      <ellipse cx="97" cy="62" rx="41" ry="8" fill="${shade}"/>
      <path d="M70 78v42" stroke="${light}" stroke-width="6" stroke-linecap="round"/>`,
  },
  {
    id: "bowl-tide",
    name: "Tide bowl",
    category: "Bowls",
    price: 38,
    about: "Wide enough for a salad for two, low enough to be eaten from. Two glazes meet where they like.",
    hue: 24,
    drawing: `
      <path d="M36 84h128c0 44-26 66-64 66S36 128 36 84z" fill="${glaze}"/>
      <path d="M48 118c10 22 28 32 52 32s42-10 52-32c-18 8-30-4-52 2s-34-8-52-2z" fill="${clay}"/>
      <ellipse cx="100" cy="84" rx="64" ry="13" fill="${shade}"/>
      <path d="M76 152h48v6H76z" fill="${shade}"/>
      <path d="M54 100c3 10 7 16 12 21" fill="none" stroke="${light}" stroke-width="6" stroke-linecap="round"/>`,
  },
  {
    id: "teapot-mill",
    name: "Mill teapot",
    category: "Tea",
    price: 86,
    about: "Pours to the last drop and does not drip. The strainer is part of the pot. Holds 800 ml.",
    hue: 150,
    drawing: `
      <path d="M146 96c22-4 26 34-4 38" fill="none" stroke="${shade}" stroke-width="10"/>
      <path d="M60 112c-16 0-20-18-30-26l10-8c14 4 18 12 28 14z" fill="${shade}"/>
      <ellipse cx="102" cy="114" rx="48" ry="40" fill="${glaze}"/>
      <path d="M58 130c8 16 24 24 44 24s36-8 44-24c-28 8-58 8-88 0z" fill="${clay}"/>
      <path d="M78 78c6-8 14-10 24-10s18 2 24 10z" fill="${shade}"/>
      <circle cx="102" cy="62" r="8" fill="${glaze}"/>
      <path d="M74 98c-4 6-6 12-5 18" fill="none" stroke="${light}" stroke-width="6" stroke-linecap="round"/>`,
  },
  {
    id: "vase-reed",
    name: "Reed vase",
    category: "Vases",
    price: 54,
    about: "A narrow neck for three stems, a belly for a week of water. No two are the same height.",
    hue: 268,
    drawing: `
      <path d="M92 60C88 40 78 30 66 24M100 60V18M108 60c4-18 12-28 26-34" fill="none" stroke="${shade}" stroke-width="4" stroke-linecap="round"/>
      <path d="M88 58h24v22c22 10 32 26 32 44 0 20-16 34-44 34s-44-14-44-34c0-18 10-34 32-44z" fill="${glaze}"/>
      <path d="M58 134c4 15 19 24 42 24s38-9 42-24c-26-10-56 10-84 0z" fill="${clay}"/>
      <path d="M74 104c-4 5-6 11-6 18" fill="none" stroke="${light}" stroke-width="6" stroke-linecap="round"/>`,
  },
  {
    id: "plate-sluice",
    name: "Sluice plate",
    category: "Plates",
    price: 32,
    about: "Flat to the edge, with a rim that keeps the sauce where it is. Stacks without a sound. 27 cm.",
    hue: 210,
    drawing: `
      <circle cx="100" cy="102" r="62" fill="${glaze}"/>
      <circle cx="100" cy="102" r="46" fill="none" stroke="${shade}" stroke-width="3"/>
      <path d="M58 118c14-8 22 6 42 0s28-8 42 0a46 46 0 0 1-84 0z" fill="${clay}"/>
      <path d="M60 78c6-10 14-17 24-21" fill="none" stroke="${light}" stroke-width="6" stroke-linecap="round"/>`,
  },
  {
    id: "lamp-lock",
    name: "Lock lamp",
    category: "Light",
    price: 129,
    about: "A clay foot, a paper shade, a warm bulb. Switches at the cord, where the hand is anyway.",
    hue: 44,
    drawing: `
      <path d="M72 36h56l22 58H50z" fill="${light}"/>
      <path d="M72 36h56l6 16H66z" fill="${glaze}"/>
      <path d="M95 94h10v14H95z" fill="${shade}"/>
      <path d="M84 108h32c10 12 12 22 12 32 0 12-8 18-28 18s-28-6-28-18c0-10 2-20 12-32z" fill="${glaze}"/>
      <path d="M73 134c3 16 11 24 27 24s24-8 27-24c-18 6-36-6-54 0z" fill="${clay}"/>`,
  },
];

export const CURRENCY = "EUR";

export function findProduct(id) {
  return PRODUCTS.find((product) => product.id === id);
}

export function money(value) {
  return new Intl.NumberFormat("en-IE", { style: "currency", currency: CURRENCY }).format(value);
}

export function picture(product) {
  return `<svg class="picture" style="--hue: ${product.hue}" viewBox="0 0 200 200" role="img" aria-label="${product.name}">
    <ellipse cx="100" cy="160" rx="56" ry="8" fill="var(--ground)"/>${product.drawing}</svg>`;
}
