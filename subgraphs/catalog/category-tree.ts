/**
 * The category tree: at most 500 rows, read by nearly every request and seldom changed, so it is cached whole and questions
 * about descendants are answered in memory. Nothing about descent is stored, so moving a category changes one row.
 */
import type { EntityManager } from 'typeorm';
import type { Services } from '../../platform/subgraph';

/** Categories a shop has at most. */
export const MAX_CATEGORIES = 500;

const CACHE_KEY = 'categories:1';
const CACHE_SECONDS = 15 * 60;

/** A category without its relations. */
export interface CategoryNode {
  id: string;
  slug: string;
  name: string;
  parentId: string | null;
}

/** Questions about a set of categories. */
export class CategoryTree {
  private readonly byId: Map<string, CategoryNode>;
  private readonly bySlug: Map<string, CategoryNode>;
  private readonly byParent = new Map<string | null, CategoryNode[]>();

  /** `nodes` in the order in which siblings are to be shown. */
  constructor(nodes: readonly CategoryNode[]) {
    this.byId = new Map(nodes.map((node) => [node.id, node]));
    this.bySlug = new Map(nodes.map((node) => [node.slug, node]));
    for (const node of nodes) {
      const siblings = this.byParent.get(node.parentId);
      if (siblings) siblings.push(node);
      else this.byParent.set(node.parentId, [node]);
    }
  }

  /** How many there are. */
  get size(): number {
    return this.byId.size;
  }

  /** By uuid; null if there is none. */
  find(id: string): CategoryNode | null {
    return this.byId.get(id) ?? null;
  }

  /** By slug; null if there is none. */
  findSlug(slug: string): CategoryNode | null {
    return this.bySlug.get(slug) ?? null;
  }

  /** Children of a category, or the roots. */
  children(parentId: string | null): readonly CategoryNode[] {
    return this.byParent.get(parentId) ?? [];
  }

  /** Uuids of a category and everything below it. */
  withDescendants(id: string): string[] {
    return [id, ...this.children(id).flatMap((child) => this.withDescendants(child.id))];
  }
}

/** Trees by the cached rows they were made from, which the process shares until they are read afresh. */
const trees = new WeakMap<object, CategoryTree>();

/** The tree; no statement while it is cached. */
export async function loadCategoryTree(services: Services): Promise<CategoryTree> {
  const nodes = await services.cache.through(CACHE_KEY, CACHE_SECONDS, () => readCategories(services.db.manager));
  const tree = trees.get(nodes) ?? new CategoryTree(nodes);
  trees.set(nodes, tree);
  return tree;
}

/** The tree for a change of it; other changes wait until the transaction ends, readers do not. */
export async function lockCategories(tx: EntityManager): Promise<CategoryTree> {
  await tx.query('LOCK TABLE category IN SHARE ROW EXCLUSIVE MODE');
  return new CategoryTree(await readCategories(tx));
}

/** To be called after the commit of a change. */
export async function forgetCategoryTree(services: Services): Promise<void> {
  await services.cache.forget(CACHE_KEY);
}

function readCategories(manager: EntityManager): Promise<CategoryNode[]> {
  return manager.query<CategoryNode[]>(
    'SELECT id, slug, name, parent_id AS "parentId" FROM category ORDER BY name, id',
  );
}
