import { shop } from './stories-shop';

export default shop.tearDown;
