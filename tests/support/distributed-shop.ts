import { projectShop } from './project-shop';

/** The shop of the project `distributed`: as six processes. */
export const shop = projectShop('distributed', 'six');
