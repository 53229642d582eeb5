import { shop } from './distributed-shop';

export default shop.setUp;
