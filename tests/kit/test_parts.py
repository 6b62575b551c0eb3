import pytest
import sqlalchemy as sa

from opentact.kit.parts import Part, prefixed

METADATA = sa.MetaData()
CAT = sa.Table("cat", METADATA, sa.Column("id", sa.Integer), sa.Column("name", sa.String))
DOG = sa.Table("dog", METADATA, sa.Column("id", sa.Integer), sa.Column("name", sa.String))


def test_each_part_of_a_row_has_its_own_columns() -> None:
    engine = sa.create_engine("sqlite://")
    with engine.begin() as connection:
        METADATA.create_all(connection)
        connection.execute(sa.insert(CAT).values(id=1, name="Tom"))
        connection.execute(sa.insert(DOG).values(id=1, name="Rex"))
        query = sa.select(CAT, *prefixed(DOG, "dog_")).join(DOG, DOG.c.id == CAT.c.id)
        row = connection.execute(query).one()
    engine.dispose()
    dog = Part(row, "dog_")
    assert (row.name, dog.name, dog.id) == ("Tom", "Rex", 1)
    with pytest.raises(AttributeError, match="dog_age"):
        _ = dog.age
