/** Categories as clients see them. */
import { Directive, Field, ID, ObjectType } from 'type-graphql';
import { toId } from '../../platform/ids';
import type { CategoryNode } from './category-tree';

/** A category. */
@Directive('@tag(name: "partner")')
@ObjectType({ description: 'A shelf of the shop. Categories form a tree of at most 500.' })
export class Category {
  @Field(() => ID, { description: 'Id, `cat_…`.' })
  id!: string;

  @Field(() => String, { description: 'Readable name for the address of its page, and for ProductFilter; unique.' })
  slug!: string;

  @Field(() => String, { description: 'What it is called.' })
  name!: string;

  uuid!: string;
  parentUuid!: string | null;

  /** From a node of the tree. */
  static of(node: CategoryNode): Category {
    return Object.assign(new Category(), {
      id: toId('cat', node.id),
      slug: node.slug,
      name: node.name,
      uuid: node.id,
      parentUuid: node.parentId,
    });
  }
}
