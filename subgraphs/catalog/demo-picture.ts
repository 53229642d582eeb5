/** Pictures of the demonstration shop, drawn from their file name: no files, no network, the same every time. */

/** What is drawn in the middle, in a square of 200. */
const SHAPES = {
  shirt: 'M60 30 L85 20 Q100 36 115 20 L140 30 L175 65 L152 88 L140 76 V180 H60 V76 L48 88 L25 65 Z',
  shoe: 'M25 80 L70 80 Q95 118 140 122 Q178 126 178 156 H25 Z',
  bag: 'M45 80 H155 L168 178 H32 Z M72 80 V62 A28 28 0 0 1 128 62 V80 H116 V62 A16 16 0 0 0 84 62 V80 Z',
  cup: 'M45 60 H135 V82 H150 A26 26 0 0 1 150 134 H132 Q126 168 104 168 H76 Q45 168 45 128 Z M135 96 V120 H148 A12 12 0 0 0 148 96 Z',
  bottle: 'M84 20 H116 V62 Q140 76 140 104 V180 H60 V104 Q60 76 84 62 Z',
  lamp: 'M70 25 H130 L158 100 H108 V165 H138 V180 H62 V165 H92 V100 H42 Z',
  chair: 'M62 20 H78 V92 H138 V180 H124 V120 H76 V180 H62 Z',
  book: 'M40 34 Q70 22 100 38 Q130 22 160 34 V166 Q130 154 100 170 Q70 154 40 166 Z',
  headphones: 'M30 120 A70 70 0 0 1 170 120 V165 H138 V112 H154 A54 54 0 0 0 46 112 H62 V165 H30 Z',
  ball: 'M100 30 A70 70 0 1 1 99.9 30 Z',
  box: 'M35 70 L100 40 L165 70 V140 L100 172 L35 140 Z',
} as const;
/** One of the shapes. */
export type DemoShape = keyof typeof SHAPES;

const FILE = /^(\d{1,3})-([a-z]{1,20})-(\d{1,6})\.svg$/;

/** Path of a picture below the shop's URL; hue in degrees. */
export function demoPicturePath(hue: number, shape: DemoShape, seed: number): string {
  return `/images/demo/${hue}-${shape}-${seed}.svg`;
}

/** The SVG of a file name such as "212-shirt-17.svg"; null for any other name. */
export function demoPicture(name: string): string | null {
  const [, hueText = '', shape = '', seedText = ''] = FILE.exec(name) ?? [];
  if (!isShape(shape) || Number(hueText) >= 360) return null;
  const hue = Number(hueText);
  const seed = Number(seedText);
  const tilt = (seed % 7) * 3 - 9;
  const spots = [0, 1, 2].map((n) => {
    const x = 60 + ((seed * 53 + n * 211) % 480);
    const y = 60 + ((seed * 97 + n * 149) % 480);
    return `<circle cx="${x}" cy="${y}" r="${60 + ((seed * 31 + n * 67) % 90)}" fill="hsl(${hue} 45% 84%)"/>`;
  });
  return [
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 600" width="600" height="600">',
    `<rect width="600" height="600" fill="hsl(${hue} 40% 91%)"/>`,
    ...spots,
    `<g transform="translate(90 100) rotate(${tilt} 210 210) scale(2.1)">`,
    `<path d="${SHAPES[shape]}" transform="translate(4 6)" fill="hsl(${hue} 30% 60%)" opacity="0.35"/>`,
    `<path d="${SHAPES[shape]}" fill="hsl(${hue} 48% 42%)" fill-rule="evenodd"/>`,
    '</g></svg>',
  ].join('');
}

function isShape(name: string): name is DemoShape {
  return Object.hasOwn(SHAPES, name);
}
