import { projectShop } from './project-shop';

/** The shop of the project `stories`: as one process. */
export const shop = projectShop('stories', 'one');
