import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A category; at most 500 in the shop, a tree by `parentId`. */
@Entity('category')
export class CategoryEntity {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('text')
  slug!: string;

  @Column('text')
  name!: string;

  @Column({ name: 'parent_id', type: 'uuid', nullable: true })
  parentId!: string | null;

  @Column({ name: 'created_at', type: 'timestamptz', precision: 3 })
  createdAt!: Date;
}
