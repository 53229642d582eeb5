/** The shelves of the demonstration shop, and the words its products are named with. */
import type { DemoShape } from '../demo-picture';

/** How the variants of a shelf differ besides colour. */
export type DemoSizes = 'clothing' | 'shoes' | 'volume' | 'none';

/** A leaf of the category tree and what stands on it. */
export interface DemoShelf {
  name: string;
  /** Department it lies in. */
  department: string;
  nouns: readonly string[];
  materials: readonly string[];
  /** Cheapest and dearest, in major units. */
  price: readonly [number, number];
  shape: DemoShape;
  sizes: DemoSizes;
}

const CLOTH = ['Cotton', 'Organic Cotton', 'Linen', 'Merino Wool', 'Recycled Polyester'];
const LEATHER = ['Leather', 'Suede', 'Canvas', 'Recycled Mesh'];
const WOOD = ['Oak', 'Walnut', 'Beech', 'Bamboo'];
const CERAMIC = ['Stoneware', 'Porcelain', 'Enamel', 'Glass'];
const METAL = ['Steel', 'Brass', 'Aluminium', 'Copper'];
const TECH = ['Aluminium', 'Recycled Plastic', 'Steel'];
const PAPER = ['Recycled Paper', 'Cotton Paper', 'Kraft Paper'];
const OUTDOOR = ['Ripstop Nylon', 'Recycled Polyester', 'Waxed Canvas'];

type ShelfRow = [string, readonly string[], readonly string[], readonly [number, number], DemoShape, DemoSizes];

const DEPARTMENTS: Record<string, readonly ShelfRow[]> = {
  Clothing: [
    ['T-Shirts', ['T-Shirt', 'Tee', 'Long-Sleeve'], CLOTH, [15, 49], 'shirt', 'clothing'],
    ['Shirts', ['Shirt', 'Overshirt', 'Blouse'], CLOTH, [39, 119], 'shirt', 'clothing'],
    ['Knitwear', ['Sweater', 'Cardigan', 'Pullover'], CLOTH, [59, 189], 'shirt', 'clothing'],
    ['Jackets', ['Jacket', 'Parka', 'Coat'], OUTDOOR, [89, 349], 'shirt', 'clothing'],
    ['Trousers', ['Trousers', 'Chinos', 'Jeans'], CLOTH, [49, 149], 'shirt', 'clothing'],
    ['Dresses', ['Dress', 'Jumpsuit', 'Skirt'], CLOTH, [49, 199], 'shirt', 'clothing'],
  ],
  Shoes: [
    ['Sneakers', ['Sneakers', 'Trainers', 'Running Shoes'], LEATHER, [59, 179], 'shoe', 'shoes'],
    ['Boots', ['Boots', 'Chelsea Boots', 'Hiking Boots'], LEATHER, [99, 289], 'shoe', 'shoes'],
    ['Sandals', ['Sandals', 'Slides', 'Clogs'], LEATHER, [29, 119], 'shoe', 'shoes'],
  ],
  Bags: [
    ['Backpacks', ['Backpack', 'Daypack', 'Rucksack'], OUTDOOR, [49, 229], 'bag', 'volume'],
    ['Handbags', ['Handbag', 'Tote', 'Shoulder Bag'], LEATHER, [59, 399], 'bag', 'none'],
    ['Travel Bags', ['Duffel', 'Suitcase', 'Weekender'], OUTDOOR, [79, 349], 'bag', 'volume'],
    ['Wallets', ['Wallet', 'Card Holder', 'Coin Purse'], LEATHER, [19, 99], 'bag', 'none'],
  ],
  Kitchen: [
    ['Mugs', ['Mug', 'Cup', 'Espresso Set'], CERAMIC, [9, 45], 'cup', 'volume'],
    ['Plates', ['Plate', 'Bowl', 'Platter'], CERAMIC, [12, 69], 'cup', 'none'],
    ['Pans', ['Frying Pan', 'Saucepan', 'Casserole'], METAL, [29, 249], 'cup', 'volume'],
    ['Knives', ['Chef Knife', 'Paring Knife', 'Bread Knife'], METAL, [25, 219], 'box', 'none'],
    ['Boards', ['Cutting Board', 'Serving Board', 'Tray'], WOOD, [19, 99], 'box', 'none'],
    ['Bottles', ['Bottle', 'Flask', 'Carafe'], METAL, [14, 59], 'bottle', 'volume'],
  ],
  Home: [
    ['Lamps', ['Table Lamp', 'Floor Lamp', 'Pendant'], METAL, [39, 399], 'lamp', 'none'],
    ['Rugs', ['Rug', 'Runner', 'Doormat'], CLOTH, [29, 499], 'box', 'none'],
    ['Cushions', ['Cushion', 'Throw', 'Blanket'], CLOTH, [19, 149], 'box', 'none'],
    ['Vases', ['Vase', 'Planter', 'Jug'], CERAMIC, [15, 129], 'bottle', 'none'],
    ['Chairs', ['Chair', 'Stool', 'Bench'], WOOD, [79, 699], 'chair', 'none'],
    ['Candles', ['Candle', 'Lantern', 'Candle Holder'], CERAMIC, [9, 59], 'cup', 'none'],
  ],
  Electronics: [
    ['Headphones', ['Headphones', 'Earbuds', 'Headset'], TECH, [39, 399], 'headphones', 'none'],
    ['Speakers', ['Speaker', 'Radio', 'Soundbar'], TECH, [49, 499], 'box', 'none'],
    ['Keyboards', ['Keyboard', 'Mouse', 'Trackpad'], TECH, [29, 229], 'box', 'none'],
    ['Chargers', ['Charger', 'Power Bank', 'Cable'], TECH, [12, 99], 'box', 'none'],
  ],
  Stationery: [
    ['Notebooks', ['Notebook', 'Journal', 'Sketchbook'], PAPER, [7, 39], 'book', 'none'],
    ['Pens', ['Pen', 'Fountain Pen', 'Pencil Set'], METAL, [5, 149], 'box', 'none'],
    ['Calendars', ['Calendar', 'Planner', 'Diary'], PAPER, [9, 49], 'book', 'none'],
  ],
  Outdoor: [
    ['Tents', ['Tent', 'Tarp', 'Hammock'], OUTDOOR, [79, 699], 'bag', 'none'],
    ['Sleeping Bags', ['Sleeping Bag', 'Camping Quilt', 'Sleeping Mat'], OUTDOOR, [49, 399], 'bag', 'none'],
    ['Games', ['Ball', 'Frisbee', 'Boules Set'], TECH, [9, 89], 'ball', 'none'],
  ],
};

/** The departments: roots of the tree. */
export const DEMO_DEPARTMENTS = Object.keys(DEPARTMENTS);

/** All shelves. */
export const DEMO_SHELVES: readonly DemoShelf[] = Object.entries(DEPARTMENTS).flatMap(([department, rows]) =>
  rows.map(([name, nouns, materials, price, shape, sizes]) => ({
    department, name, nouns, materials, price, shape, sizes,
  })),
); // prettier-ignore

/** Makers. */
export const DEMO_BRANDS = [
  'Harbour', 'Northwind', 'Alder & Ash', 'Kestrel', 'Lumen', 'Fjord', 'Meridian', 'Oakmoss', 'Pilgrim', 'Saltwater',
  'Tern', 'Umber', 'Velo', 'Wren', 'Yarrow', 'Bramble',
]; // prettier-ignore

/** Adjectives, with what they say in a description. */
export const DEMO_STYLES: readonly (readonly [string, string])[] = [
  ['Classic', 'A shape that has been right for decades'],
  ['Lightweight', 'So light that it is forgotten on the way'],
  ['Everyday', 'Made for every day and for years of them'],
  ['Compact', 'Small enough for a shelf that is already full'],
  ['Heritage', 'After a pattern from the archive of the house'],
  ['Minimal', 'Nothing on it that is not needed'],
  ['Studio', 'Drawn and sampled in our own studio'],
  ['Weekend', 'For two days away and the evening before'],
  ['Trail', 'Tested on gravel, roots and rain'],
  ['Soft', 'Washed before it leaves the workshop'],
];

/** Colours with their hue in degrees, for pictures. */
export const DEMO_COLOURS: readonly (readonly [string, number])[] = [
  ['Black', 230],
  ['Blue', 212],
  ['Green', 140],
  ['Red', 4],
  ['Sand', 38],
  ['Plum', 300],
  ['Teal', 176],
  ['Rust', 18],
];

/** Sizes of each kind. */
export const DEMO_SIZES: Record<DemoSizes, readonly string[]> = {
  clothing: ['S', 'M', 'L', 'XL'],
  shoes: ['38', '40', '42', '44'],
  volume: ['Small', 'Large'],
  none: [],
};
